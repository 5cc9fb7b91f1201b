/// What the evaluations of attention and of its gradient have in common.
struct AttentionEvaluation {
  let operation: FusedAttention
  let operands: FusedAttention.Operands<HostTensor>
  let offset: Int?

  init(_ operation: FusedAttention, _ operands: [HostTensor], _ bindings: Bindings) throws {
    self.operation = operation
    self.operands = operation.sorted(operands)
    offset = try operation.causal?.size(bindings)
    let keys = operands[1].shape[2]
    if let lengths = self.operands.lengths?.values,
      let row = lengths.firstIndex(where: { $0 < 0 || $0 > Double(keys) })
    {
      throw EvaluationError(
        "\(operation.mnemonic): lengths[\(row)] is \(Int(lengths[row])), expected 0 to \(keys)")
    }
  }

  func forEachQuery(_ body: (_ b: Int, _ h: Int, _ i: Int) -> Void) {
    let shape = operands.q.shape
    forEachIndex(Array(shape.prefix(3))) { body($0[0], $0[1], $0[2]) }
  }

  func keyHead(_ h: Int) -> Int { h * operands.k.shape[1] / operands.q.shape[1] }

  /// Whether lengths and causality let query i see key j.
  func sees(_ b: Int, _ i: Int, _ j: Int) -> Bool {
    (operands.lengths.map { Double(j) < $0.values[b] } ?? true)
      && (offset.map { j <= i + $0 } ?? true)
  }

  /// q + k of a unit: what tanh is taken of.
  func sum(_ b: Int, _ h: Int, _ i: Int, _ j: Int, _ u: Int) -> Double {
    operands.q[[b, h, i, u]] + operands.k[[b, keyHead(h), j, u]]
  }

  private func score(_ b: Int, _ h: Int, _ i: Int, _ j: Int) -> Double {
    (0..<operands.q.shape[3]).reduce(0) { total, u in
      if let vector = operands.vector {
        return total + vector.values[u] * Mathematics.tanh(sum(b, h, i, j, u))
      }
      return total + operands.q[[b, h, i, u]] * operands.k[[b, keyHead(h), j, u]]
    }
  }

  struct Query {
    var weights: [Double]
    var largest = 0.0
    /// The reciprocal of the sum of exponentials.
    var factor = 0.0
  }

  /// A query's softmax.
  func query(_ b: Int, _ h: Int, _ i: Int) -> Query {
    let scores = (0..<operands.k.shape[2]).map { j -> Double in
      guard sees(b, i, j) else { return -.infinity }
      let mask = operands.mask?.broadcast([b, h, i, j])
      switch operation.mask {
      case .none: return operation.scale * score(b, h, i, j)
      case .additive: return operation.scale * score(b, h, i, j) + (mask ?? 0)
      case .select: return mask != 0 ? operation.scale * score(b, h, i, j) : -.infinity
      }
    }
    let largest = scores.reduce(-.infinity, Binary.maximum.value)
    guard largest != -.infinity else { return Query(weights: scores.map { _ in 0 }) }
    let exponentials = scores.map { Mathematics.exp($0 - largest) }
    let factor = 1 / exponentials.reduce(0, +)
    // What is not seen has no weight, NaN or not.
    let weights = exponentials.indices.map { sees(b, i, $0) ? exponentials[$0] * factor : 0 }
    return Query(weights: weights, largest: largest, factor: factor)
  }
}
