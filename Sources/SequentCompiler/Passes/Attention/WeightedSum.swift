import SequentIR

/// A sum of values weighed by a softmax.
///
/// weights · v as matrices, the weights of a single query `[batch, keys]` as `[batch, 1, keys]`; or for
/// a single query Σ over the keys of weights `[batch, keys, 1]` ∘ v `[batch, keys, width]`.
struct WeightedSum {
  /// The node that gives the weights.
  let softmax: Node
  /// What is weighed.
  let values: Value
  /// The weights as they are multiplied.
  private let used: Value
  private let isReduction: Bool

  init?(_ root: Node, in graph: Graph) {
    var pairs: [(Value, Value)] = []
    switch root.operation {
    case .matmul:
      pairs = [(root.operands[0], root.operands[1])]
      isReduction = false
    case .reduce(let reduce)
    where reduce.function == .sum && !reduce.keepsAxes && reduce.axes == [1]
      && graph.type(of: root.operands[0]).rank == 3:
      pairs = graph.orders(of: .multiply, giving: root.operands[0])
      isReduction = true
    default:
      return nil
    }
    for (weights, values) in pairs {
      var node = graph.producer(of: weights)
      if let reshape = node, case .reshape = reshape.operation {
        node = graph.producer(of: reshape.operands[0])
      }
      guard let node, case .softmax = node.operation else { continue }
      (softmax, self.values, used) = (node, values, weights)
      return
    }
    return nil
  }

  /// What the weights of a softmax are multiplied by before they weigh: then no kernel is known.
  static func factor(_ root: Node, in graph: Graph) -> Value? {
    guard case .matmul = root.operation else { return nil }
    return graph.orders(of: .multiply, giving: root.operands[0]).first { weights, _ in
      if case .softmax? = graph.producer(of: weights)?.operation { true } else { false }
    }?.1
  }

  /// Which axes the weights have.
  func axes(in graph: Graph) throws(Miss) -> ScoreAxes {
    let weights = softmax.results[0]
    let shape = graph.type(of: weights).shape
    if weights != used || isReduction {
      let wanted = shape.count != 2 ? [] : isReduction ? shape + [1] : [shape[0], 1, shape[1]]
      guard shape.count == 2, graph.type(of: used).shape == wanted else {
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
