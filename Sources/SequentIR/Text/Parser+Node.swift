extension Parser {
  /// A graph being read: its values by name, and the parameters it may use.
  struct Scope {
    var graph = Graph()
    var values: [String: Value] = [:]
    /// Types by name; nil in the body of an operation, which is closed.
    let parameters: [String: TensorType]?
  }

  /// How deep bodies, and lists in attributes, may lie in each other.
  static let depthLimit = 32

  /// Every family by its words.
  private static let families: [String: any OperationRule.Type] = Dictionary(
    Operation.families.flatMap { family in family.mnemonics.map { ($0, family) } },
    uniquingKeysWith: { first, _ in first })

  /// Reads `{`, nodes, and the last line with the graph's results, whose place is returned.
  ///
  /// - Parameter origin: where nodes come from that do not say it: that of the node around them.
  mutating func block(
    _ scope: inout Scope, last: String, depth: Int, origin: Origin
  ) throws(ParseError) -> Token {
    try expect("{")
    while token.kind != .name(last) {
      guard case .value = token.kind else {
        throw token.error("expected a node or '\(last)', got \(token.kind)")
      }
      try node(&scope, depth: depth, around: origin)
    }
    let place = token
    advance()
    scope.graph.results = try operands(&scope)
    try expect("}")
    return place
  }

  private mutating func node(
    _ scope: inout Scope, depth: Int, around: Origin
  ) throws(ParseError) {
    let names = try resultNames(scope)
    try expect("=")
    let place = token
    let mnemonic = try name("an operation")
    guard let family = Self.families[mnemonic] else {
      throw place.error("no operation is called '\(mnemonic)'")
    }
    let operands = try operands(&scope)
    var attributes = try attributes()
    let declared = try declaredTypes()
    let origin = comment.flatMap(Origin.init(comment:)) ?? around
    while case .name = token.kind, sees("(", ahead: 1) {
      let (name, graph) = try body(depth: depth + 1, origin: origin)
      attributes.append(Attribute(name, .graph(graph)))
    }
    let results: [Value]
    do {
      let reader = AttributeReader(attributes, of: mnemonic)
      let operation = try family.parse(mnemonic, reader)
      try reader.finish()
      results = try scope.graph.append(operation, operands, names: names, origin: origin)
    } catch {
      throw place.error(error.message)
    }
    guard results.count == names.count else {
      throw place.error("\(mnemonic) gives \(results.count) results, got \(names.count) names")
    }
    if let declared, declared.types != scope.graph.types(of: results) {
      let given = scope.graph.types(of: results).map(\.description).joined(separator: ", ")
      throw declared.place.error("\(mnemonic) gives \(given)")
    }
    for (name, value) in zip(names, results) { scope.values[name] = value }
  }

  private mutating func resultNames(_ scope: Scope) throws(ParseError) -> [String] {
    var names: [String] = []
    repeat {
      guard case .value(let name) = token.kind else {
        throw token.error("expected a result's name, got \(token.kind)")
      }
      guard scope.values[name] == nil, !names.contains(name) else {
        throw token.error("'%\(name)' is there already")
      }
      names.append(name)
      advance()
    } while take(",")
    return names
  }

  /// Reads values between commas; none when the next token is not one.
  private mutating func operands(_ scope: inout Scope) throws(ParseError) -> [Value] {
    switch token.kind {
    case .value, .global: break
    default: return []
    }
    var operands: [Value] = []
    repeat { operands.append(try operand(&scope)) } while take(",")
    return operands
  }

  private mutating func operand(_ scope: inout Scope) throws(ParseError) -> Value {
    let place = token
    advance()
    switch place.kind {
    case .value(let name):
      guard let value = scope.values[name] else {
        throw place.error("'%\(name)' is not defined")
      }
      return value
    case .global(let name):
      guard let parameters = scope.parameters else {
        throw place.error("a body takes parameters as arguments, got '@\(name)'")
      }
      guard let type = parameters[name] else {
        throw place.error("parameter '@\(name)' is not defined")
      }
      return scope.graph.parameter(name, type)
    default: throw place.error("expected a value, got \(place.kind)")
    }
  }

  /// Reads `: type, type`, which may be left out.
  private mutating func declaredTypes() throws(ParseError) -> (types: [TensorType], place: Token)? {
    guard take(":") else { return nil }
    let place = token
    var types: [TensorType] = []
    repeat { types.append(try type()) } while take(",")
    return (types, place)
  }

  /// Reads `body(%h: type, …) { … yield … }`.
  private mutating func body(
    depth: Int, origin: Origin
  ) throws(ParseError) -> (name: String, graph: Graph) {
    guard depth <= Self.depthLimit else {
      throw token.error("bodies are nested deeper than \(Self.depthLimit)")
    }
    let name = try name("the body's name")
    var scope = Scope(parameters: nil)
    try expect("(")
    try list(until: ")") { parser throws(ParseError) in _ = try parser.argument(&scope) }
    _ = try block(&scope, last: "yield", depth: depth, origin: origin)
    return (name, scope.graph)
  }
}
