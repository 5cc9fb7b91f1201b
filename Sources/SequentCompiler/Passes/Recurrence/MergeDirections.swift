import SequentIR

/// Makes one sequence of the forward and the reverse one of a layer, so that both run at once.
///
///     %f, %hf = recurrent_sequence %x, …                %y, %hf, %hr = recurrent_sequence %x, …
///     %r, %hr = recurrent_sequence %x, … {reverse}   →
///     %y = concatenate %f, %r {axis = 2}
///
/// The outputs are put side by side, or not used at all: a last layer of which only the final states
/// count.
func mergeDirections(_ graph: Graph, _ context: inout PassContext) throws -> Graph {
  let uses = GraphUses(graph)
  var pairs: [Int: DirectionPair] = [:]
  var taken: Set<Int> = []
  for pair in DirectionPair.all(in: graph, uses) where taken.isDisjoint(with: pair.positions) {
    let node = graph.nodes[pair.positions[0]]
    if let reason = pair.obstacle(in: graph, uses) {
      context.missed("directions not merged: \(reason)", node, in: graph)
    } else {
      pairs[pair.later] = pair
      taken.formUnion(pair.positions)
      context.matched("fused \(pair.operation.cell.rawValue), bidirectional", node, in: graph)
    }
  }
  guard !pairs.isEmpty else { return graph }
  return try GraphRewriter.rewrite(graph) { rewriter, node, index in
    // The pair is added at the later of the two, where the operands of both are there.
    guard taken.contains(index) else { return nil }
    guard let pair = pairs[index] else { return [] }
    let nodes = pair.positions.map { graph.nodes[$0] }
    let count = pair.operation.operandsPerDirection
    var operands = Array(nodes[0].operands.prefix(1))
    for node in nodes { operands += node.operands.dropFirst().prefix(count) }
    if pair.operation.hasLengths { operands += nodes[0].operands.suffix(1) }
    let old = [pair.output ?? nodes[0].results[0]] + nodes.flatMap { $0.results.dropFirst() }
    let results = try rewriter.append(
      .recurrentSequence(pair.operation), rewriter.values(operands), names: old, of: nodes[0])
    for (old, new) in zip(old, results) { rewriter.replace(old, by: new) }
    return []
  }
}

/// Two sequences that may be the directions of one layer.
private struct DirectionPair {
  /// The positions of the nodes, in the order of their columns in the output.
  let positions: [Int]
  /// The concatenation of the outputs; nil when they are not used.
  let output: Value?
  /// Both in one.
  let operation: FusedRecurrentSequence

  /// The position of the one that runs second.
  var later: Int { max(positions[0], positions[1]) }

  /// Sequences whose outputs are put side by side, then those of one input without used outputs.
  static func all(in graph: Graph, _ uses: GraphUses) -> [DirectionPair] {
    var pairs: [DirectionPair] = []
    for node in graph.nodes {
      guard case .concatenate(let join) = node.operation, join.axis == 2, node.operands.count == 2,
        case .node(let first, 0) = graph.definition(of: node.operands[0]),
        case .node(let second, 0) = graph.definition(of: node.operands[1])
      else { continue }
      if let pair = DirectionPair([first, second], output: node.results[0], in: graph) {
        pairs.append(pair)
      }
    }
    let silent = graph.nodes.indices.filter { index in
      guard case .recurrentSequence = graph.nodes[index].operation else { return false }
      return uses.count(of: graph.nodes[index].results[0]) == 0
    }
    for (position, second) in silent.enumerated() {
      for first in silent[..<position]
      where graph.nodes[first].operands[0] == graph.nodes[second].operands[0] {
        if let pair = DirectionPair([first, second], output: nil, in: graph),
          pair.operation.isReversed[0] != pair.operation.isReversed[1]
        {
          pairs.append(pair)
        }
      }
    }
    return pairs
  }

  private init?(_ positions: [Int], output: Value?, in graph: Graph) {
    guard positions[0] != positions[1],
      case .recurrentSequence(let first) = graph.nodes[positions[0]].operation,
      case .recurrentSequence(let second) = graph.nodes[positions[1]].operation,
      first.isReversed.count == 1, second.isReversed.count == 1
    else { return nil }
    (self.positions, self.output) = (positions, output)
    operation = FusedRecurrentSequence(
      cell: first.cell, isReversed: first.isReversed + second.isReversed,
      hasBias: first.hasBias, hasHiddenBias: first.hasHiddenBias, hasLengths: first.hasLengths)
  }

  /// Why the two cannot be one.
  func obstacle(in graph: Graph, _ uses: GraphUses) -> String? {
    let nodes = positions.map { graph.nodes[$0] }
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
    for node in nodes where output != nil && uses.count(of: node.results[0]) != 1 {
      return "the output %\(graph.name(of: node.results[0])) is used elsewhere too"
    }
    for state in graph.nodes[min(positions[0], positions[1])].results
    where uses.users(of: state).contains(where: { $0 <= later }) {
      return "%\(graph.name(of: state)) of one is used before the other runs"
    }
    return nil
  }
}
