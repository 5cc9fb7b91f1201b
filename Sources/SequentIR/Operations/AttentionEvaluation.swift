/// What the evaluations of attention and of its gradient have in common.
struct AttentionEvaluation {
  let operation: FusedAttention
  /// Keys and values are every row's own.
  private(set) var operands: FusedAttention.Operands<HostTensor>
  let offset: Int?

  init(_ operation: FusedAttention, _ operands: [HostTensor], _ bindings: Bindings) throws {
    self.operation = operation
    self.operands = operation.sorted(operands)
    offset = try operation.causal?.size(bindings)
    if let table = self.operands.table {
      self.operands.k = try Self.gathered(operation, operands[1], table)
      self.operands.v = try Self.gathered(operation, operands[2], table)
    }
    let keys = self.operands.k.shape[2]
    if let lengths = self.operands.lengths?.values,
      let row = lengths.firstIndex(where: { $0 < 0 || $0 > Double(keys) })
    {
      throw EvaluationError(
        "\(operation.mnemonic): lengths[\(row)] is \(Int(lengths[row])), expected 0 to \(keys)")
    }
  }

  /// Every row's keys or values, as a table finds them.
  private static func gathered(
    _ operation: FusedAttention, _ source: HostTensor, _ table: HostTensor
  ) throws -> HostTensor {
    let byKey = operation.table == .keys
    let count = source.shape[byKey ? 2 : 0]
    if let position = table.values.firstIndex(where: { $0 < 0 || $0 >= Double(count) }) {
      throw EvaluationError(
        "\(operation.mnemonic): index \(Int(table.values[position])) at position \(position) is not "
          + "one of \(count) \(byKey ? "slots" : "sources")")
    }
    let (heads, width) = (source.shape[1], source.shape[3])
    let keys = byKey ? table.shape[1] : source.shape[2]
    return HostTensor(.float32, [table.shape[0], heads, keys, width]) { index in
      let (b, h, j, u) = (index[0], index[1], index[2], index[3])
      return byKey
        ? source[[0, h, Int(table[[b, j]]), u]] : source[[Int(table[[b]]), h, j, u]]
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
