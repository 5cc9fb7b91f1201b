import SequentIR

/// A normalisation written out, recognised from its quotient c / √(mean(c · c) + ε), c = x - mean(x) or
/// x itself, over the last axis; and the weight and bias that follow it.
struct NormalizationPattern {
  /// x.
  let operand: Value
  /// The vectors `[width]`.
  private(set) var weight, bias: Value?
  /// What all of it gives.
  private(set) var root: Value
  private let isCentered: Bool
  private let epsilon: Double

  /// The operation.
  var operation: FusedNormalization {
    FusedNormalization(
      isCentered: isCentered, epsilon: epsilon, hasWeight: weight != nil, hasBias: bias != nil)
  }

  /// Whether a node divides by a root of a mean of squares.
  static func isCandidate(_ node: Node, in graph: Graph) -> Bool {
    node.operation == .binary(.divide) && squares(under: node.operands[1], in: graph) != nil
  }

  /// Recognises a normalisation, or throws the first reason why it is none.
  init(dividingAt node: Node, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    let (numerator, quotient) = (node.operands[0], node.results[0])
    guard let found = Self.squares(under: node.operands[1], in: graph) else {
      throw Miss("%\(graph.name(of: quotient)) is not divided by a root of a mean")
    }
    guard found.base == numerator else {
      throw Miss(
        "the mean is of squares of %\(graph.name(of: found.base)), not of "
          + "%\(graph.name(of: numerator))")
    }
    epsilon = found.epsilon
    if let (x, mean) = graph.operands(of: .subtract, giving: numerator),
      graph.reduction(.mean, giving: mean) == x
    {
      (operand, isCentered) = (x, true)
    } else {
      (operand, isCentered) = (numerator, false)
    }
    let inner = graph.nodes(giving: [quotient], from: [operand])
    let escaping = inner.flatMap { graph.nodes[$0].results }.filter {
      $0 != quotient && graph.splat(of: $0) == nil && !uses.areWithin(inner, $0)
    }
    guard escaping.isEmpty else {
      let name = escaping.map(graph.name(of:)).min() ?? ""
      throw Miss("%\(name), a value inside, is used elsewhere")
    }
    root = quotient
    weight = follow(.multiply, in: graph, uses)
    bias = follow(.add, in: graph, uses)
  }

  /// The vector `[width]` that the root's only user combines it with; the root moves on to the result.
  private mutating func follow(
    _ function: Binary, in graph: Graph, _ uses: GraphUses
  ) -> Value? {
    guard let user = uses.onlyUser(of: root).map({ graph.nodes[$0] }) else { return nil }
    for (x, vector) in graph.orders(of: function, giving: user.results[0]) where x == root {
      guard graph.type(of: vector).shape == graph.type(of: root).shape.suffix(1),
        graph.type(of: root).rank > 0
      else { continue }
      root = user.results[0]
      return vector
    }
    return nil
  }

  /// c and ε of √(mean(c · c) + ε).
  private static func squares(
    under value: Value, in graph: Graph
  ) -> (base: Value, epsilon: Double)? {
    guard let sum = graph.operand(of: .squareRoot, giving: value) else { return nil }
    for (mean, epsilon) in graph.orders(of: .add, giving: sum) {
      guard let epsilon = graph.splat(of: epsilon),
        let square = graph.reduction(.mean, giving: mean),
        let (left, right) = graph.operands(of: .multiply, giving: square), left == right
      else { continue }
      return (left, epsilon)
    }
    return nil
  }
}
