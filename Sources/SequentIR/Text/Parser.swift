extension Module {
  /// Reads a module from its text; what `text` prints reads back as an equal module.
  ///
  /// Every operation's operands are checked, as when a graph is built. What a module must hold
  /// besides, `verify` says.
  public init(parsing text: String) throws(ParseError) {
    var parser = Parser(try Lexer.tokens(of: text))
    self = try parser.module()
  }
}

/// Reads modules and functions; what is inside a function is in the extensions.
struct Parser {
  private let tokens: [Token]
  private var position = 0
  private var parameters: [String: TensorType] = [:]

  init(_ tokens: [Token]) { self.tokens = tokens }

  mutating func module() throws(ParseError) -> Module {
    try expect(word: "module")
    var module = Module(name: try global("the module's name").name)
    try expect("{")
    var functionNames: Set<String> = []
    while !take("}") {
      let start = token
      switch start.kind {
      case .name("parameter"): module.parameters.append(try parameter())
      case .name("function"):
        let function = try function()
        guard functionNames.insert(function.name).inserted else {
          throw start.error("function '@\(function.name)' is there already")
        }
        module.functions.append(function)
      default: throw start.error("expected 'parameter', 'function' or '}', got \(start.kind)")
      }
    }
    guard token.kind == .end else { throw token.error("expected nothing behind the module") }
    return module
  }

  private mutating func parameter() throws(ParseError) -> Parameter {
    try expect(word: "parameter")
    let (name, place) = try global("the parameter's name")
    try expect(":")
    let type = try type()
    guard parameters.updateValue(type, forKey: name) == nil else {
      throw place.error("parameter '@\(name)' is there already")
    }
    let reader = AttributeReader(try attributes(), of: "parameter")
    do {
      let role: ParameterRole = reader.has("role") ? try reader.word("role") : .other
      let initializer = try InitializerKind(reader)
      try reader.finish()
      return Parameter(name: name, type: type, role: role, initializer: initializer)
    } catch {
      throw place.error(error.message)
    }
  }

  // MARK: - Functions

  private mutating func function() throws(ParseError) -> Function {
    try expect(word: "function")
    let name = try global("the function's name").name
    var scope = Scope(parameters: parameters)
    var states: [String: String] = [:]
    try expect("(")
    try list(until: ")") { parser throws(ParseError) in
      let isState = parser.take(word: "state")
      let input = try parser.argument(&scope)
      guard isState else { return }
      try parser.expect("=")
      let place = parser.token
      let next = try parser.name("the result that replaces the state")
      guard states.updateValue(input, forKey: next) == nil else {
        throw place.error("result '\(next)' replaces a state already")
      }
    }
    try expect("->")
    try expect("(")
    var results: [(name: String, type: TensorType)] = []
    try list(until: ")") { parser throws(ParseError) in
      let name = try parser.name("the result's name")
      try parser.expect(":")
      results.append((name, try parser.type()))
    }
    let end = try block(&scope, last: "return", depth: 0, origin: .unknown)
    let graph = scope.graph
    guard graph.results.count == results.count else {
      throw end.error("the function has \(results.count) results, got \(graph.results.count)")
    }
    for (result, value) in zip(results, graph.results) where graph.type(of: value) != result.type {
      throw end.error(
        "result '\(result.name)' is declared \(result.type), but \(graph.text(of: value)) is "
          + "\(graph.type(of: value))")
    }
    return Function(
      name: name, graph: graph, resultNames: results.map(\.name), states: states)
  }

  /// Reads `%name: type` and adds it to the graph's arguments.
  mutating func argument(_ scope: inout Scope) throws(ParseError) -> String {
    let place = token
    guard case .value(let name) = place.kind else {
      throw place.error("expected an argument, got \(place.kind)")
    }
    advance()
    try expect(":")
    let type = try type()
    guard scope.values[name] == nil else {
      throw place.error("'%\(name)' is there already")
    }
    scope.values[name] = scope.graph.addArgument(type, name: name)
    return name
  }

  // MARK: - Tokens

  var token: Token { tokens[position] }

  /// The comment behind the last token that was read.
  var comment: String? { position > 0 ? tokens[position - 1].comment : nil }

  mutating func advance() { if position + 1 < tokens.count { position += 1 } }

  /// A token that is still to come; `end` behind the last.
  func token(ahead: Int) -> Token { tokens[min(position + ahead, tokens.count - 1)] }

  /// Whether the token, or one that is still to come, is a mark.
  func sees(_ mark: String, ahead: Int = 0) -> Bool { token(ahead: ahead).kind == .mark(mark) }

  mutating func take(_ mark: String) -> Bool {
    guard sees(mark) else { return false }
    advance()
    return true
  }

  mutating func take(word: String) -> Bool {
    guard token.kind == .name(word) else { return false }
    advance()
    return true
  }

  mutating func expect(_ mark: String) throws(ParseError) {
    guard take(mark) else { throw token.error("expected '\(mark)', got \(token.kind)") }
  }

  mutating func expect(word: String) throws(ParseError) {
    guard take(word: word) else { throw token.error("expected '\(word)', got \(token.kind)") }
  }

  mutating func name(_ what: String) throws(ParseError) -> String {
    guard case .name(let name) = token.kind else {
      throw token.error("expected \(what), got \(token.kind)")
    }
    advance()
    return name
  }

  private mutating func global(_ what: String) throws(ParseError) -> (name: String, place: Token) {
    let place = token
    guard case .global(let name) = place.kind else {
      throw place.error("expected \(what) after '@', got \(place.kind)")
    }
    advance()
    return (name, place)
  }

  /// Reads items between commas up to a closing mark, and the mark.
  mutating func list(
    until closing: String, _ item: (inout Parser) throws(ParseError) -> Void
  ) throws(ParseError) {
    if take(closing) { return }
    repeat { try item(&self) } while take(",")
    try expect(closing)
  }
}
