import SequentIR

/// A GELU written out, recognised from its last product.
///
/// gelu x = x · ½ · (1 + erf(x / √2)), or x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), the factors
/// in any order.
struct GELUPattern {
  /// x.
  let operand: Value
  /// Which of the two.
  let activation: Activation
  /// The nodes of the composition.
  let nodes: Set<Int>

  /// Recognises the GELU that a value is; nil for anything else.
  init?(_ root: Value, in graph: Graph, _ uses: GraphUses) {
    var factors = graph.leaves(of: .multiply, under: root, uses)
    guard factors.count == 3, let half = factors.firstIndex(where: { graph.splat(of: $0) == 0.5 })
    else { return nil }
    factors.remove(at: half)
    for (x, bell) in [(factors[0], factors[1]), (factors[1], factors[0])] {
      for (one, curve) in graph.orders(of: .add, giving: bell) where graph.splat(of: one) == 1 {
        guard let activation = Self.activation(curve, of: x, in: graph, uses) else { continue }
        let nodes = graph.nodes(giving: [root], from: [x])
        let escapes = nodes.contains { index in
          graph.nodes[index].results.contains {
            $0 != root && graph.splat(of: $0) == nil && !uses.areWithin(nodes, $0)
          }
        }
        guard !escapes else { continue }
        (operand, self.activation, self.nodes) = (x, activation, nodes)
        return
      }
    }
    return nil
  }

  private static func activation(
    _ curve: Value, of x: Value, in graph: Graph, _ uses: GraphUses
  ) -> Activation? {
    if let argument = graph.operand(of: .erf, giving: curve),
      let (operand, factor) = graph.scaled(argument), operand == x,
      isClose(factor, 0.5.squareRoot())
    {
      return .gelu
    }
    guard let argument = graph.operand(of: .tanh, giving: curve),
      let (sum, factor) = graph.scaled(argument), isClose(factor, (2 / Double.pi).squareRoot())
    else { return nil }
    for (linear, cubic) in graph.orders(of: .add, giving: sum) where linear == x {
      if isCubic(cubic, of: x, in: graph, uses) { return .geluTanh }
    }
    return nil
  }

  /// Whether a value is 0.044715 · x · x · x, or 0.044715 · x³.
  private static func isCubic(
    _ value: Value, of x: Value, in graph: Graph, _ uses: GraphUses
  ) -> Bool {
    var factors = graph.leaves(of: .multiply, under: value, uses)
    guard
      let constant = factors.firstIndex(where: {
        graph.splat(of: $0).map { isClose($0, 0.044715) } ?? false
      })
    else { return false }
    factors.remove(at: constant)
    if factors == [x, x, x] { return true }
    guard factors.count == 1, let (base, exponent) = graph.operands(of: .power, giving: factors[0])
    else { return false }
    return base == x && graph.splat(of: exponent) == 3
  }

  /// Constants are written with as many digits as people please.
  private static func isClose(_ number: Double, _ expected: Double) -> Bool {
    abs(number - expected) <= 1e-6 * expected
  }
}
