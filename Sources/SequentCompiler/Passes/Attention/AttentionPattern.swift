import SequentIR

/// Attention, recognised from its weighted sum: softmax(scores) · v.
///
/// Scores are q · kᵀ, a number taken from either into the scale, or vᵀ tanh(q + k). They have the axes
/// `[batch, heads, queries, keys]`, `[batch, queries, keys]` or `[queries, keys]`; or `[batch, keys]`
/// for a single query, when the weights are `[batch, 1, keys]` behind a reshape.
struct AttentionPattern {
  private(set) var operation: FusedAttention
  private(set) var q, k, v: AttentionOperand
  private(set) var vector: AttentionVector?
  private(set) var mask: AttentionMask?
  private(set) var lengths: Value?
  /// The weights, where they are results of the graph too.
  private(set) var sharedWeights: Value?

  /// The softmax that a product's left operand is.
  private static func weights(_ node: Node, in graph: Graph) -> Node? {
    guard node.operation == .matmul(MatMul()), let left = graph.producer(of: node.operands[0])
    else {
      return nil
    }
    if case .softmax = left.operation { return left }
    if case .reshape = left.operation, let inner = graph.producer(of: left.operands[0]),
      case .softmax = inner.operation
    {
      return inner
    }
    return nil
  }

  /// Whether a node sums something weighed by a softmax.
  static func isCandidate(_ node: Node, in graph: Graph) -> Bool {
    weights(node, in: graph) != nil
  }

  /// Recognises attention, or throws the first reason why it is none.
  init(
    endingAt index: Int, in graph: Graph, _ uses: GraphUses, learned: Set<Value>
  ) throws(Miss) {
    let root = graph.nodes[index]
    guard let node = Self.weights(root, in: graph), case .softmax(let softmax) = node.operation
    else { throw Miss("its weights are not a softmax") }
    let weights = node.results[0]
    let axes = try Self.axes(weights, as: root.operands[0], in: graph)
    let found = try AttentionScores(node.operands[0], in: graph)
    (q, k, vector) = (found.q, found.k, found.vector)
    v = AttentionOperand(root.operands[1], in: graph)
    v.addHeads()
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
    let others = uses.users(of: weights).filter {
      $0 != index && graph.nodes[$0].results[0] != root.operands[0]
    }
    if !others.isEmpty || uses.count(of: root.operands[0]) > 1 && root.operands[0] != weights {
      throw Miss("%\(graph.name(of: weights)), its weights, are used elsewhere")
    }
    sharedWeights = uses.isResult(weights) ? weights : nil
    operation = FusedAttention(
      isAdditive: vector != nil, scale: softmax.scale * found.scale, causal: masked.causal,
      mask: mask?.kind ?? .none, hasLengths: lengths != nil, givesWeights: sharedWeights != nil)
  }

  /// Which axes the weights have.
  private static func axes(
    _ weights: Value, as used: Value, in graph: Graph
  ) throws(Miss) -> ScoreAxes {
    let shape = graph.type(of: weights).shape
    if weights != used {
      guard shape.count == 2, graph.type(of: used).shape == [shape[0], 1, shape[1]] else {
        throw Miss("%\(graph.name(of: used)) is not its weights with an axis for a single query")
      }
      return .ofOneQuery
    }
    switch shape.count {
    case 2: return .withoutBatch
    case 3: return .withoutHeads
    case 4: return .all
    default: throw Miss("its weights have \(shape.count) axes")
    }
  }
}
