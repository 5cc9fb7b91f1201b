import SequentIR

/// Scores of queries and keys, dot products or additive.
struct AttentionScores {
  private(set) var q, k: AttentionOperand
  private(set) var vector: AttentionVector?
  /// What the products are multiplied by.
  private(set) var scale = 1.0

  /// Recognises scores, or throws the first reason why they are none.
  init(_ scores: Value, in graph: Graph) throws(Miss) {
    if let sum = AdditiveSum(scores, in: graph) {
      (q, k) = try sum.operands(in: graph)
      vector = sum.vector
      return
    }
    guard let product = AttentionProduct(scores, in: graph) else {
      throw Miss(
        "its scores are \(graph.describe(scores)), neither a product of queries and keys nor a sum "
          + "over tanh")
    }
    (q, k, scale) = (product.q, product.k, product.scale)
    q.addHeads()
    k.addHeads()
    guard q.type.rank == 4, k.type.rank == 4 else {
      throw Miss("%\(graph.name(of: q.value)) has more than four axes")
    }
  }
}

/// The vector of additive scores, ones where there is none.
enum AttentionVector {
  case value(AttentionOperand)
  case ones(Dimension)

  /// The vector in the new graph.
  func build(_ rewriter: inout GraphRewriter, _ origin: Origin) throws -> Value {
    switch self {
    case .value(let operand): try operand.build(&rewriter, origin)
    case .ones(let width):
      try rewriter.append(.constant(Constant(1, shape: [width])), [], origin: origin)
    }
  }
}

/// Σᵤ vector[u] · tanh(a + b)[…, u]: a sum over the last axis of a product, or a product of matrices
/// with a vector of one column whose axis is taken away.
private struct AdditiveSum {
  let vector: AttentionVector
  let a, b: Value
  /// The shape of a + b.
  let shape: [Dimension]

  init?(_ scores: Value, in graph: Graph) {
    guard let node = graph.producer(of: scores) else { return nil }
    var factors: (tanh: Value, vector: Value?)?
    switch node.operation {
    case .reduce(let reduce):
      let terms = node.operands[0]
      guard reduce.function == .sum, !reduce.keepsAxes,
        reduce.axes == [graph.type(of: terms).lastAxis]
      else { return nil }
      factors = graph.orders(of: .multiply, giving: terms).first {
        graph.operand(of: .tanh, giving: $0.0) != nil
      }.map { ($0.0, $0.1) }
      if factors == nil { factors = (terms, nil) }
    case .reshape:
      guard let product = graph.producer(of: node.operands[0]),
        product.operation == .matmul(MatMul()),
        graph.type(of: product.results[0]).shape == graph.type(of: scores).shape + [1]
      else { return nil }
      factors = (product.operands[0], product.operands[1])
    default: return nil
    }
    guard let factors, let sum = graph.operand(of: .tanh, giving: factors.tanh),
      let (a, b) = graph.operands(of: .add, giving: sum), let width = graph.type(of: sum).width
    else { return nil }
    (self.a, self.b, shape) = (a, b, graph.type(of: sum).shape)
    guard let value = factors.vector else {
      vector = .ones(width)
      return
    }
    // One number for every unit, and axes of size 1 around them.
    guard graph.type(of: value).shape.filter({ $0 != 1 }) == [width].filter({ $0 != 1 }) else {
      return nil
    }
    var operand = AttentionOperand(value, in: graph)
    operand.reshape(to: [width])
    vector = .value(operand)
  }

  /// Queries and keys: each is stretched along the other's axis.
  func operands(in graph: Graph) throws(Miss) -> (q: AttentionOperand, k: AttentionOperand) {
    let sides = [a, b].map { side in
      // What stretches a side is not needed: the sum does.
      var value = side
      while let node = graph.producer(of: value), case .broadcast = node.operation,
        graph.type(of: node.operands[0]).rank == shape.count
      {
        value = node.operands[0]
      }
      return AttentionOperand(value, in: graph)
    }
    let keyAxis = shape.count - 2
    let isQuery = sides.map { $0.type.rank == shape.count && $0.type.shape[keyAxis] == 1 }
    guard isQuery.contains(true), sides.allSatisfy({ $0.type.rank == shape.count }) else {
      throw Miss("no side of its sum is the same for all keys")
    }
    var (q, k) = isQuery[0] ? (sides[0], sides[1]) : (sides[1], sides[0])
    let (queries, keys) = (q.type.shape, k.type.shape)
    switch shape.count {
    case 3:
      q.reshape(to: [queries[0], 1, 1, queries[2]])
      k.reshape(to: [keys[0], 1, keys[1], keys[2]])
    case 4 where keys[1] == 1:
      q.reshape(to: [queries[0], 1, queries[1], queries[3]])
    case 4:
      throw Miss("%\(graph.name(of: k.value)) is not the same for all queries")
    default:
      throw Miss("its sum has \(shape.count) axes")
    }
    return (q, k)
  }
}
