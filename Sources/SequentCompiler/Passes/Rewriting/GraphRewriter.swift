import SequentIR

/// Builds a new graph from an old one, node by node.
///
/// A pass matches at the last node of a pattern and replaces its results; what the pattern leaves
/// without a use goes when the new graph is swept. Operands of what it adds are values of the new
/// graph: `value(_:)` translates.
struct GraphRewriter {
  /// The old graph.
  let source: Graph
  /// Who uses the old graph's values.
  let uses: GraphUses
  /// The new graph, as far as it goes.
  private(set) var graph = Graph()
  private var mapping: [Value?]

  private init(_ source: Graph) {
    self.source = source
    uses = GraphUses(source)
    mapping = Array(repeating: nil, count: source.valueCount)
    for argument in source.arguments {
      mapping[Int(argument.index)] = graph.addArgument(
        source.type(of: argument), name: source.name(of: argument))
    }
  }

  /// The graph after every node was visited in order, without dead nodes.
  ///
  /// - Parameter visit: gives the new values of a node's results; nil copies the node.
  static func rewrite(
    _ source: Graph, _ visit: (inout GraphRewriter, _ node: Node, _ index: Int) throws -> [Value]?
  ) throws -> Graph {
    var rewriter = GraphRewriter(source)
    for (index, node) in source.nodes.enumerated() {
      guard let first = node.results.first, rewriter.mapping[Int(first.index)] == nil else {
        continue
      }
      let new = try visit(&rewriter, node, index) ?? rewriter.copy(node)
      for (old, new) in zip(node.results, new) { rewriter.mapping[Int(old.index)] = new }
    }
    rewriter.graph.results = try source.results.map { try rewriter.value($0) }
    return try rewriter.graph.withoutDeadNodes()
  }

  /// The new value for an old one; one that is not there yet is copied ahead of its turn.
  mutating func value(_ old: Value) throws -> Value {
    if let new = mapping[Int(old.index)] { return new }
    if let name = source.parameterName(of: old) {
      return graph.parameter(name, source.type(of: old))
    }
    guard let node = source.producer(of: old) else {
      throw TypeError("%\(source.name(of: old)) is not defined")
    }
    for (old, new) in zip(node.results, try copy(node)) { mapping[Int(old.index)] = new }
    return try value(old)
  }

  /// The new values for old ones.
  mutating func values(_ old: [Value]) throws -> [Value] {
    var result: [Value] = []
    for value in old { result.append(try self.value(value)) }
    return result
  }

  /// Says what an old value is in the new graph, ahead of its node's turn.
  mutating func replace(_ old: Value, by new: Value) { mapping[Int(old.index)] = new }

  /// A node of the old graph in the new one.
  mutating func copy(_ node: Node) throws -> [Value] {
    try append(node.operation, values(node.operands), replacing: node)
  }

  /// Adds a node with the names and the origin of an old one.
  mutating func append(
    _ operation: Operation, _ operands: [Value], replacing node: Node
  ) throws -> [Value] {
    try append(operation, operands, names: node.results, of: node)
  }

  /// Adds a node that gives some of an old one's results, with their names and its origin.
  mutating func append(
    _ operation: Operation, _ operands: [Value], names: [Value], of node: Node
  ) throws -> [Value] {
    try append(operation, operands, names: names.map(source.name(of:)), origin: node.origin)
  }

  /// Adds a node.
  mutating func append(
    _ operation: Operation, _ operands: [Value], names: [String], origin: Origin
  ) throws -> [Value] {
    try graph.append(operation, operands, names: names, origin: origin)
  }

  /// Adds a node with a single result.
  mutating func append(
    _ operation: Operation, _ operands: [Value], name: String? = nil, origin: Origin
  ) throws -> Value {
    try append(operation, operands, names: name.map { [$0] } ?? [], origin: origin)[0]
  }

  /// Adds a node with a single result.
  mutating func append(
    _ operation: Operation, _ operands: Value..., name: String? = nil, origin: Origin
  ) throws -> Value { try append(operation, operands, name: name, origin: origin) }
}

extension Graph {
  /// The graph without the nodes that no result needs.
  func withoutDeadNodes() throws -> Graph {
    let live = liveNodes(from: results)
    guard live.contains(false) else { return self }
    var swept = Graph()
    var mapping: [Value: Value] = [:]
    for argument in arguments {
      mapping[argument] = swept.addArgument(type(of: argument), name: name(of: argument))
    }
    let translate = { (value: Value, swept: inout Graph) -> Value in
      if let new = mapping[value] { return new }
      return swept.parameter(name(of: value), type(of: value))
    }
    for (index, node) in nodes.enumerated() where live[index] {
      let new = try swept.append(
        node.operation, node.operands.map { translate($0, &swept) },
        names: node.results.map(name(of:)), origin: node.origin)
      for (old, new) in zip(node.results, new) { mapping[old] = new }
    }
    swept.results = results.map { translate($0, &swept) }
    return swept
  }

  /// For every node, whether one of the values depends on it; what stands before a value of `stops`
  /// does not count.
  func liveNodes(from values: [Value], stoppingAt stops: Set<Value> = []) -> [Bool] {
    var live = Array(repeating: false, count: nodes.count)
    let mark = { (value: Value) in
      if !stops.contains(value), case .node(let index, _) = definition(of: value) {
        live[index] = true
      }
    }
    values.forEach(mark)
    for index in nodes.indices.reversed() where live[index] {
      nodes[index].operands.forEach(mark)
    }
    return live
  }
}
