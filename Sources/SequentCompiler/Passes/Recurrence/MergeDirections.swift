import SequentIR

/// Makes one sequence of the forward and the reverse one of a layer, so that both run at once.
///
///     %f, %hf = recurrent_sequence %x, …                %y, %hf, %hr = recurrent_sequence %x, …
///     %r, %hr = recurrent_sequence %x, … {reverse}   →
///     %y = concatenate %f, %r {axis = 2}
///
/// Where only final states are used there is no concatenation: two whose outputs nobody reads are
/// a pair when they fit.
func mergeDirections(_ graph: Graph, _ context: inout PassContext) throws -> Graph {
  let uses = GraphUses(graph)
  var pairs: [Int: DirectionPair] = [:]
  let joined = graph.nodes.compactMap { DirectionPair(joinedBy: $0, in: graph) }
  for pair in joined + DirectionPair.withoutOutputs(in: graph, uses) {
    let node = graph.nodes[pair.join]
    if let reason = pair.obstacle(in: graph, uses) {
      context.missed("directions not merged: \(reason)", node, in: graph)
    } else {
      pairs[max(pair.first, pair.second)] = pair
      context.matched(
        "fused \(pair.operation.cell.rawValue), bidirectional", graph.nodes[pair.first], in: graph)
    }
  }
  guard !pairs.isEmpty else { return graph }
  let earlier = Set(pairs.values.map { min($0.first, $0.second) })
  return try GraphRewriter.rewrite(graph) { rewriter, node, index in
    // The pair is added at the later of the two, where the operands of both are there.
    if earlier.contains(index) { return [] }
    guard let pair = pairs[index] else { return nil }
    let nodes = [graph.nodes[pair.first], graph.nodes[pair.second]]
    let count = pair.operation.operandsPerDirection
    var operands = Array(nodes[0].operands.prefix(1))
    for node in nodes { operands += node.operands.dropFirst().prefix(count) }
    if pair.operation.hasLengths { operands += nodes[0].operands.suffix(1) }
    let replaced = [pair.output] + nodes.flatMap { $0.results.dropFirst() }
    let results = try rewriter.append(
      .recurrentSequence(pair.operation), rewriter.values(operands), names: replaced, of: nodes[0])
    for (old, new) in zip(replaced, results) { rewriter.replace(old, by: new) }
    return []
  }
}

/// Two sequences whose outputs are put side by side, or not read at all.
private struct DirectionPair {
  /// The positions of the nodes, in the order of the concatenation.
  let first: Int
  let second: Int
  /// The position of the concatenation; that of the first sequence where there is none.
  let join: Int
  /// The concatenation's result; the first sequence's unread output where there is none.
  let output: Value
  /// How often each sequence's output is used.
  let outputUses: Int
  /// Both in one.
  let operation: FusedRecurrentSequence

  init?(joinedBy node: Node, in graph: Graph) {
    guard case .concatenate(let join) = node.operation, join.axis == 2, node.operands.count == 2,
      case .node(let first, 0) = graph.definition(of: node.operands[0]),
      case .node(let second, 0) = graph.definition(of: node.operands[1]), first != second,
      case .node(let position, _) = graph.definition(of: node.results[0])
    else { return nil }
    self.init(first, second, join: position, output: node.results[0], outputUses: 1, in: graph)
  }

  /// The pairs that fit among the sequences whose outputs nobody reads.
  static func withoutOutputs(in graph: Graph, _ uses: GraphUses) -> [DirectionPair] {
    var unpaired: [Int] = []
    var pairs: [DirectionPair] = []
    for (index, node) in graph.nodes.enumerated() {
      guard case .recurrentSequence = node.operation, uses.count(of: node.results[0]) == 0 else {
        continue
      }
      let pair = unpaired.lazy.compactMap { other in
        DirectionPair(
          other, index, join: other, output: graph.nodes[other].results[0], outputUses: 0,
          in: graph)
      }.first { $0.obstacle(in: graph, uses) == nil }
      if let pair {
        pairs.append(pair)
        unpaired.removeAll { $0 == pair.first }
      } else {
        unpaired.append(index)
      }
    }
    return pairs
  }

  private init?(
    _ first: Int, _ second: Int, join: Int, output: Value, outputUses: Int, in graph: Graph
  ) {
    guard case .recurrentSequence(let operation) = graph.nodes[first].operation,
      case .recurrentSequence(let other) = graph.nodes[second].operation,
      operation.isReversed.count == 1, other.isReversed.count == 1
    else { return nil }
    (self.first, self.second, self.join) = (first, second, join)
    (self.output, self.outputUses) = (output, outputUses)
    self.operation = FusedRecurrentSequence(
      cell: operation.cell, isReversed: operation.isReversed + other.isReversed,
      hasBias: operation.hasBias, hasHiddenBias: operation.hasHiddenBias,
      hasLengths: operation.hasLengths)
  }

  /// Why the two cannot be one.
  func obstacle(in graph: Graph, _ uses: GraphUses) -> String? {
    let nodes = [graph.nodes[first], graph.nodes[second]]
    guard case .recurrentSequence(let other) = nodes[1].operation else { return nil }
    if other.cell != operation.cell { return "one is \(operation.cell), the other \(other.cell)" }
    if operation.isReversed[0] == operation.isReversed[1] { return "both go the same way" }
    if nodes[0].operands[0] != nodes[1].operands[0] { return "they have different inputs" }
    if other.hasBias != operation.hasBias || other.hasHiddenBias != operation.hasHiddenBias {
      return "one has a bias that the other has not"
    }
    if other.hasLengths != operation.hasLengths
      || operation.hasLengths && nodes[0].operands.last != nodes[1].operands.last
    {
      return "they have different lengths"
    }
    if graph.type(of: nodes[0].operands[2]) != graph.type(of: nodes[1].operands[2]) {
      return "they have different numbers of units"
    }
    for node in nodes where uses.count(of: node.results[0]) != outputUses {
      return "the output %\(graph.name(of: node.results[0])) is used elsewhere too"
    }
    let (earlier, later) = (min(first, second), max(first, second))
    for state in graph.nodes[earlier].results
    where uses.users(of: state).contains(where: { $0 <= later }) {
      return "%\(graph.name(of: state)) of one is used before the other runs"
    }
    return nil
  }
}
