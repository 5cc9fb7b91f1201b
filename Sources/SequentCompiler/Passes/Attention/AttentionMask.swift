import SequentIR

/// Which axes scores have.
enum ScoreAxes {
  /// `[batch, heads, queries, keys]`
  case all
  /// `[batch, queries, keys]`
  case withoutHeads
  /// `[queries, keys]`
  case withoutBatch
  /// `[batch, keys]`
  case ofOneQuery

  var hasBatch: Bool { self != .withoutBatch }

  var queryAxis: Int? {
    switch self {
    case .all: 2
    case .withoutHeads: 1
    case .withoutBatch: 0
    case .ofOneQuery: nil
    }
  }

  /// The scores' shape with all four axes.
  func completing(_ shape: [Dimension]) -> [Dimension] {
    self == .withoutBatch ? [1, 1] + shape : inserting(into: shape)
  }

  /// The shape of what stretches to the scores, for scores with all four axes.
  func inserting(into shape: [Dimension]) -> [Dimension] {
    switch self {
    case .withoutHeads where shape.count == 3: [shape[0], 1, shape[1], shape[2]]
    case .ofOneQuery where shape.count == 2: [shape[0], 1, 1, shape[1]]
    default: shape
    }
  }
}

/// What masks an attention beside causality and lengths.
struct AttentionMask {
  /// Values that all must let a query see a key; or the one that is added.
  private let parts: [Value]
  let kind: FusedSoftmax.Mask
  /// The shape of the scores.
  private let scores: ScoreAxes

  struct Recognized {
    var causal: Dimension?
    var lengths: Value?
    var rest: AttentionMask?
  }

  /// Takes a softmax's mask apart.
  static func recognize(
    _ softmax: FusedSoftmax, _ node: Node, _ scores: ScoreAxes, in graph: Graph, learned: Set<Value>
  ) throws(Miss) -> Recognized {
    var result = Recognized()
    guard softmax.mask != .none else { return result }
    let rank = graph.type(of: node.operands[0]).rank
    var mask = node.operands[1]
    var kind = softmax.mask
    if kind == .additive, let condition = graph.selection(addedBy: mask) {
      (mask, kind) = (condition, .select)
    }
    if kind == .additive, learned.contains(mask) {
      throw Miss("%\(graph.name(of: mask)), its mask, may be learned: it would have no gradient")
    }
    let conditions = kind == .select ? graph.conditions(of: mask) : [mask]
    var rest: [Value] = []
    for condition in conditions {
      switch kind == .select ? PositionComparison(condition, rank: rank, in: graph) : nil {
      case .causal(let offset, let axis)? where result.causal == nil && axis == scores.queryAxis:
        result.causal = offset
      case .length(let lengths)?
      where result.lengths == nil && scores.hasBatch
        && graph.type(of: lengths).shape == [graph.type(of: node.operands[0]).shape[0]]:
        result.lengths = lengths
      default:
        rest.append(condition)
      }
    }
    if !rest.isEmpty { result.rest = AttentionMask(parts: rest, kind: kind, scores: scores) }
    return result
  }

  /// The mask in the new graph.
  func build(_ rewriter: inout GraphRewriter, _ origin: Origin) throws -> Value {
    var result = try rewriter.value(parts[0])
    for part in parts.dropFirst() {
      result = try rewriter.append(
        .binary(.and), result, try rewriter.value(part), origin: origin)
    }
    return try rewriter.reshape(
      result, to: scores.inserting(into: rewriter.graph.type(of: result).shape), origin)
  }
}

extension Graph {
  /// c of select(c, 0, -∞): added to scores, it masks as c does.
  fileprivate func selection(addedBy value: Value) -> Value? {
    guard let node = producer(of: value), case .select = node.operation,
      splat(of: node.operands[1]) == 0, splat(of: node.operands[2]) == -.infinity
    else { return nil }
    return node.operands[0]
  }

  /// The conditions that a condition is made of.
  fileprivate func conditions(of value: Value) -> [Value] {
    guard let (left, right) = operands(of: .and, giving: value) else { return [value] }
    return conditions(of: left) + conditions(of: right)
  }
}
