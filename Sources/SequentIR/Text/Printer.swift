extension Module: CustomStringConvertible {
  /// The module as text, which `init(parsing:)` reads back as an equal module.
  public var text: String {
    var printer = Printer()
    printer.print(self)
    return printer.text
  }

  /// The text.
  public var description: String { text }
}

extension Graph {
  /// The first line of a node in the text form, without its origin: `%y = tanh %x : f32[batch, 4]`.
  public func text(of node: Node) -> String {
    let attributes = node.operation.rule.attributes.compactMap { attribute in
      Printer.inline(attribute.value).map { "\(Spelling.name(attribute.name)) = \($0)" }
    }
    var text = node.results.map { self.text(of: $0) }.joined(separator: ", ")
    text += " = \(node.operation.rule.mnemonic)"
    if !node.operands.isEmpty {
      text += " " + node.operands.map { self.text(of: $0) }.joined(separator: ", ")
    }
    if !attributes.isEmpty { text += " {\(attributes.joined(separator: ", "))}" }
    return text + " : " + types(of: node.results).map(\.description).joined(separator: ", ")
  }

  /// A value in the text form: `%x`, or `@head.weight` for a parameter.
  public func text(of value: Value) -> String {
    if let parameter = parameterName(of: value) {
      return "@" + Spelling.name(parameter, afterSigil: true)
    }
    return "%" + Spelling.name(name(of: value), afterSigil: true)
  }
}

/// Writes modules as text, one node a line, in the order of the graph.
struct Printer {
  private static let lineLength = 100

  private(set) var text = ""
  private var depth = 0

  mutating func print(_ module: Module) {
    line("module @\(Spelling.name(module.name, afterSigil: true)) {")
    depth += 1
    for parameter in module.parameters { print(parameter) }
    for (position, function) in module.functions.enumerated() {
      if position > 0 || !module.parameters.isEmpty { text += "\n" }
      print(function)
    }
    depth -= 1
    line("}")
  }

  private mutating func print(_ parameter: Parameter) {
    let name = Spelling.name(parameter.name, afterSigil: true)
    let initializer = parameter.initializer
    var attributes = "role = \(parameter.role.rawValue), init = \(initializer.word)"
    for (name, value) in initializer.arguments { attributes += ", \(name) = \(value)" }
    line("parameter @\(name) : \(parameter.type) {\(attributes)}")
  }

  private mutating func print(_ function: Function) {
    let graph = function.graph
    let inputs = graph.arguments.map { argument in
      let declared = "\(graph.text(of: argument)): \(graph.type(of: argument))"
      let name = graph.name(of: argument)
      let next = function.resultNames.first { function.states[$0] == name }
      return next.map { "state \(declared) = \(Spelling.name($0))" } ?? declared
    }
    let outputs = function.outputs.map { "\(Spelling.name($0.name)): \($0.type)" }
    let name = Spelling.name(function.name, afterSigil: true)
    header([("function @\(name)(", inputs), (") -> (", outputs)])
    block(graph, last: "return", origin: "")
  }

  /// A signature on one line, or with a line for every item when it is too long for that.
  private mutating func header(_ parts: [(opening: String, items: [String])]) {
    let short = parts.map { $0.opening + $0.items.joined(separator: ", ") }.joined() + ") {"
    if 2 * depth + short.count <= Self.lineLength { return line(short) }
    for (opening, items) in parts {
      line(opening)
      depth += 1
      for (position, item) in items.enumerated() {
        line(position + 1 < items.count ? item + "," : item)
      }
      depth -= 1
    }
    line(") {")
  }

  /// Writes a graph's nodes, with their origins where they are not the one of the node around.
  private mutating func block(_ graph: Graph, last: String, origin: String) {
    depth += 1
    for node in graph.nodes { print(node, of: graph, around: origin) }
    let results = graph.results.map { graph.text(of: $0) }.joined(separator: ", ")
    line(results.isEmpty ? last : "\(last) \(results)")
    depth -= 1
    line("}")
  }

  private mutating func print(_ node: Node, of graph: Graph, around: String) {
    let origin = node.origin.commentText
    let isKnown = origin.isEmpty || origin == around
    line(graph.text(of: node) + (isKnown ? "" : "  // \(origin)"))
    for attribute in node.operation.rule.attributes {
      guard case .graph(let body) = attribute.value else { continue }
      depth += 1
      let arguments = body.arguments.map { "\(body.text(of: $0)): \(body.type(of: $0))" }
      header([("\(Spelling.name(attribute.name))(", arguments)])
      block(body, last: "yield", origin: origin)
      depth -= 1
    }
  }

  private mutating func line(_ content: String) {
    text += String(repeating: "  ", count: depth) + content + "\n"
  }

  /// An attribute's value between the braces; nil for a graph, which stands below the line.
  fileprivate static func inline(_ value: AttributeValue) -> String? {
    switch value {
    case .number(let number): Spelling.number(number)
    case .word(let word): Spelling.name(word)
    case .dimension(let dimension): dimension.description
    case .list(let values): "[\(values.compactMap(inline).joined(separator: ", "))]"
    case .graph: nil
    }
  }
}
