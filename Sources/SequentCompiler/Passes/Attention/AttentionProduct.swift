import SequentIR

/// Scores that are products of queries and keys, in any of the usual spellings.
///
///     q · kᵀ      (k · qᵀ)ᵀ      and for one query      [q · kᵀ]      [k · q]      Σᵤ q[u] · k[u]
///
/// where brackets are a reshape to `[batch, keys]`. A number on either side, keys before their transpose
/// or behind it, goes into the scale.
struct AttentionProduct {
  private(set) var q, k: AttentionOperand
  private(set) var scale = 1.0

  init?(_ scores: Value, in graph: Graph) {
    guard let node = graph.producer(of: scores) else { return nil }
    let shape = graph.type(of: scores).shape
    var sides: (left: Value, right: Value)
    var isTurned = false
    switch node.operation {
    case .matmul:
      sides = (node.operands[0], node.operands[1])
    case .transpose(let transpose):
      guard transpose.swapsLast, let product = graph.product(node.operands[0]) else { return nil }
      (sides, isTurned) = (product, true)
    case .reshape:
      let inner = graph.type(of: node.operands[0]).shape
      guard shape.count == 2, let product = graph.product(node.operands[0]) else { return nil }
      (sides, isTurned) = (product, inner == shape + [1])
      guard isTurned || inner == [shape[0], 1, shape[1]] else { return nil }
    case .reduce(let reduce):
      guard reduce.function == .sum, !reduce.keepsAxes, reduce.axes == [2], shape.count == 2,
        let (a, b) = graph.operands(of: .multiply, giving: node.operands[0])
      else { return nil }
      let (left, right) = (graph.type(of: a).shape, graph.type(of: b).shape)
      guard left.count == 3, right.count == 3, left[1] == 1 || right[1] == 1 else { return nil }
      let (query, key) = left[1] == 1 ? (a, b) : (b, a)
      (q, k) = (AttentionOperand(query, in: graph), AttentionOperand(key, in: graph))
      return
    default:
      return nil
    }
    var scale = 1.0
    func unscaled(_ value: Value) -> Value {
      guard let (x, factor) = graph.scaled(value) else { return value }
      scale *= factor
      return x
    }
    let first = AttentionOperand(unscaled(sides.left), in: graph)
    // A number on the second factor may also stand before its transpose.
    let right = unscaled(sides.right)
    var second = AttentionOperand(right, in: graph)
    if let inner = graph.producer(of: right), case .transpose(let transpose) = inner.operation {
      second = AttentionOperand(unscaled(inner.operands[0]), in: graph)
      if !transpose.swapsLast {
        second.transpose(transpose)
        second.transpose()
      }
    } else {
      second.transpose()
    }
    (q, k) = isTurned ? (second, first) : (first, second)
    self.scale = scale
  }
}

extension Transpose {
  /// Whether it exchanges the last two axes and nothing else.
  fileprivate var swapsLast: Bool {
    let rank = axes.count
    return rank >= 2 && axes == Array(0..<rank - 2) + [rank - 1, rank - 2]
  }
}

extension Graph {
  /// The factors of a product of matrices.
  fileprivate func product(_ value: Value) -> (Value, Value)? {
    guard let node = producer(of: value), case .matmul = node.operation else { return nil }
    return (node.operands[0], node.operands[1])
  }
}
