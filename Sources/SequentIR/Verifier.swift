/// Checks what every module must hold; run on what was parsed or loaded, and after every pass.
///
/// Names are unique; parameters have constant shapes; values are defined before they are used; every
/// node's types are what its operation's rule gives; bodies are closed; a state and the result that
/// replaces it have one type; the sizes of results follow from the inputs'.
///
/// - Throws: `VerificationError` for the first thing that does not hold.
public func verify(_ module: Module) throws(VerificationError) {
  var parameters: [String: TensorType] = [:]
  for parameter in module.parameters {
    guard parameters.updateValue(parameter.type, forKey: parameter.name) == nil else {
      throw VerificationError("parameter '@\(parameter.name)' is there twice")
    }
    guard parameter.type.isStatic, parameter.type.hasValidSizes else {
      throw VerificationError(
        "parameter '@\(parameter.name)' is \(parameter.type), expected constant sizes")
    }
  }
  if let name = firstRepeated(module.functions.map(\.name)) {
    throw VerificationError("function '@\(name)' is there twice")
  }
  for function in module.functions {
    try FunctionVerifier(function: function, parameters: parameters).check()
  }
}

/// Something that does not hold in a module, and where.
public struct VerificationError: Error, CustomStringConvertible {
  /// The function's name; nil for the module's own parts.
  public let function: String?
  /// The node, as the text form prints it, when it is about one.
  public let node: String?
  /// The layer and the line that emitted the node.
  public let origin: Origin
  /// What does not hold.
  public let message: String

  init(
    _ message: String, function: String? = nil, node: String? = nil, origin: Origin = .unknown
  ) {
    self.message = message
    self.function = function
    self.node = node
    self.origin = origin
  }

  /// `Tagger.swift:12 encoder: function @main: matmul: inner dimensions … differ, in '%y = matmul …'`.
  public var description: String {
    let place = origin.description.isEmpty ? "" : "\(origin): "
    return place + (function.map { "function @\($0): " } ?? "") + message
      + (node.map { ", in '\($0)'" } ?? "")
  }
}

/// Checks one function of a module.
private struct FunctionVerifier {
  let function: Function
  let parameters: [String: TensorType]

  func check() throws(VerificationError) {
    try check(function.graph, parameters: parameters)
    try checkSignature()
    try checkStates()
    try checkSizes()
  }

  private func error(_ message: String) -> VerificationError {
    VerificationError(message, function: function.name)
  }

  // MARK: - Graphs

  /// Checks a graph; a body has no parameters.
  private func check(
    _ graph: Graph, parameters: [String: TensorType]?
  ) throws(VerificationError) {
    var names = graph.arguments.map { graph.name(of: $0) }
    for argument in graph.arguments where !graph.type(of: argument).hasValidSizes {
      throw error("\(graph.text(of: argument)) is \(graph.type(of: argument))")
    }
    for (position, node) in graph.nodes.enumerated() {
      names += node.results.map { graph.name(of: $0) }
      if let problem = problem(of: node, at: position, in: graph, parameters) {
        // A value from another graph cannot be printed.
        let isPrintable = node.operands.allSatisfy { $0.index < graph.valueCount }
        throw VerificationError(
          problem, function: function.name, node: isPrintable ? graph.text(of: node) : nil,
          origin: node.origin)
      }
      for attribute in node.operation.rule.attributes {
        guard case .graph(let body) = attribute.value else { continue }
        try check(body, parameters: nil)
      }
    }
    for result in graph.results {
      if let problem = problem(of: result, before: graph.nodes.count, in: graph, parameters) {
        throw error("a result: \(problem)")
      }
    }
    if let name = firstRepeated(names) { throw error("'%\(name)' is there twice") }
  }

  private func problem(
    of node: Node, at position: Int, in graph: Graph, _ parameters: [String: TensorType]?
  ) -> String? {
    for operand in node.operands {
      if let problem = problem(of: operand, before: position, in: graph, parameters) {
        return problem
      }
    }
    do {
      let types = try node.operation.rule.resultTypes(graph.types(of: node.operands))
      guard types == graph.types(of: node.results) else {
        let given = types.map(\.description).joined(separator: ", ")
        return "\(node.operation.rule.mnemonic) gives \(given)"
      }
      return nil
    } catch {
      return error.message
    }
  }

  /// Why a value cannot be used before the node at `position`.
  private func problem(
    of value: Value, before position: Int, in graph: Graph, _ parameters: [String: TensorType]?
  ) -> String? {
    guard value.index < graph.valueCount else { return "a value is not one of the graph" }
    switch graph.definition(of: value) {
    case .argument: return nil
    case .node(let producer, _):
      return producer < position ? nil : "\(graph.text(of: value)) is used before it is defined"
    case .parameter(let name):
      guard let parameters else { return "a body refers to parameter '@\(name)'" }
      guard let type = parameters[name] else { return "parameter '@\(name)' is not declared" }
      guard type == graph.type(of: value) else {
        return "parameter '@\(name)' is \(type), but used as \(graph.type(of: value))"
      }
      return nil
    }
  }

  // MARK: - Signature

  private func checkSignature() throws(VerificationError) {
    let (names, results) = (function.resultNames, function.graph.results)
    guard names.count == results.count else {
      throw error("\(names.count) names for \(results.count) results")
    }
    if let name = firstRepeated(names) { throw error("result '\(name)' is there twice") }
  }

  private func checkStates() throws(VerificationError) {
    let outputs = Dictionary(
      function.outputs.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    let inputs = Dictionary(
      function.inputs.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    for (next, state) in function.states.sorted(by: { $0.key < $1.key }) {
      guard let type = inputs[state] else { throw error("state '\(state)' is not an input") }
      guard let nextType = outputs[next] else {
        throw error("state '\(state)' is replaced by '\(next)', which is not a result")
      }
      guard type == nextType else {
        throw error("state '\(state)' is \(type), but '\(next)', which replaces it, is \(nextType)")
      }
    }
    if let name = firstRepeated(function.states.values.sorted()) {
      throw error("more than one result replaces state '\(name)'")
    }
  }

  /// Checks that the size of every result is known when the inputs' are.
  private func checkSizes() throws(VerificationError) {
    // What `Bindings.bind` takes from an input: the axes of one symbol and nothing else.
    var bound: Set<String> = []
    for input in function.inputs {
      for dimension in input.type.shape
      where dimension.constant == 0 && dimension.symbols.count == 1 {
        bound.insert(dimension.symbols[0])
      }
    }
    for output in function.outputs {
      for symbol in output.type.shape.flatMap(\.symbols) where !bound.contains(symbol) {
        throw error("result '\(output.name)' is \(output.type), but no input has '\(symbol)'")
      }
    }
  }
}

/// The first of several names that stands there a second time.
private func firstRepeated(_ names: [String]) -> String? {
  var seen: Set<String> = []
  return names.first { !seen.insert($0).inserted }
}
