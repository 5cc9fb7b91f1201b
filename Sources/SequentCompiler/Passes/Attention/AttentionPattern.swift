import SequentIR

/// Attention, recognised from its weighted sum: softmax(scores) · v.
///
/// Scores are q · kᵀ, a number taken from either into the scale, or vᵀ tanh(q + k). They have the axes
/// `[batch, heads, queries, keys]`, `[batch, queries, keys]` or `[queries, keys]`; or `[batch, keys]`
/// for a single query. Heads of keys that are repeated for several of queries are taken once.
struct AttentionPattern {
  private(set) var operation: FusedAttention
  private(set) var q, k, v: AttentionOperand
  private(set) var vector: AttentionVector?
  private(set) var mask: AttentionMask?
  private(set) var lengths: Value?
  /// The weights, where they are used beside the sum.
  private(set) var sharedWeights: Value?

  /// Whether a node sums something weighed by a softmax.
  static func isCandidate(_ node: Node, in graph: Graph) -> Bool {
    WeightedSum(node, in: graph) != nil || WeightedSum.factor(node, in: graph) != nil
  }

  /// Recognises attention, or throws the first reason why it is none.
  init(
    endingAt index: Int, in graph: Graph, _ uses: GraphUses, learned: Set<Value>
  ) throws(Miss) {
    let root = graph.nodes[index]
    if let factor = WeightedSum.factor(root, in: graph) {
      throw Miss("its weights are multiplied by %\(graph.name(of: factor)) behind the softmax")
    }
    guard let sum = WeightedSum(root, in: graph), case .softmax(let softmax) = sum.softmax.operation
    else { throw Miss("its weights are not a softmax") }
    let (node, weights) = (sum.softmax, sum.softmax.results[0])
    let axes = try sum.axes(in: graph)
    let found = try AttentionScores(node.operands[0], in: graph)
    (q, k, vector) = (found.q, found.k, found.vector)
    v = AttentionOperand(sum.values, in: graph)
    v.addHeads()
    if let keys = k.ungrouped(in: graph), let values = v.ungrouped(in: graph),
      keys.type.shape[1] == values.type.shape[1]
    {
      (k, v) = (keys, values)
    }
    guard v.type.rank == 4, graph.type(of: root.results[0]).shape.count <= 4 else {
      throw Miss("%\(graph.name(of: v.value)) has more than four axes")
    }
    let shape = axes.completing(graph.type(of: weights).shape)
    for (axis, size) in shape.prefix(2).enumerated() {
      q.stretch(axis: axis, to: size)
      // Heads of keys may be one for all heads of queries.
      let isShared = axis == 1 && k.type.shape[1] == v.type.shape[1]
      if !isShared { k.stretch(axis: axis, to: size) }
      if !isShared { v.stretch(axis: axis, to: size) }
    }
    guard q.type.shape[2] == shape[2], k.type.shape[2] == shape[3] else {
      throw Miss(
        "its scores are not of %\(graph.name(of: q.value)) and %\(graph.name(of: k.value))")
    }
    let masked = try AttentionMask.recognize(
      softmax, node, axes, in: graph, learned: learned)
    (mask, lengths) = (masked.rest, masked.lengths)
    let inner = graph.nodes(giving: root.results, from: [weights, sum.values])
    let within = inner.subtracting([index]).flatMap { graph.nodes[$0].results }
    // What comes behind the sum gets its weights from the kernel.
    let others = uses.users(of: weights).filter { !inner.contains($0) }
    guard others.allSatisfy({ $0 > index }), within.allSatisfy({ uses.areWithin(inner, $0) })
    else { throw Miss("%\(graph.name(of: weights)), its weights, are used before the sum") }
    sharedWeights = uses.areWithin(inner, weights) ? nil : weights
    operation = FusedAttention(
      isAdditive: vector != nil, scale: softmax.scale * found.scale, causal: masked.causal,
      mask: mask?.kind ?? .none, hasLengths: lengths != nil, givesWeights: sharedWeights != nil)
  }
}
