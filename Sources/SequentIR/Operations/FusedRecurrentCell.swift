/// The pointwise part of one step of a cell, in one kernel.
///
/// Operands: the gates' parts from the input `[batch, gates·hidden]` and from the hidden state
/// (same shape), biases included; then c for an LSTM, h for a GRU, `[batch, hidden]`. Results: h',
/// and c' for an LSTM. `gruResetBefore` has no such form: its candidate needs a product in between.
public struct FusedRecurrentCell: OperationRule {
  public static let mnemonics = ["recurrent_cell"]

  /// The cell.
  public let cell: RecurrentCellKind

  /// Creates a cell's step.
  public init(_ cell: RecurrentCellKind) { self.cell = cell }

  public var attributes: [Attribute] { [Attribute("cell", .word(cell.rawValue))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .recurrentCell(FusedRecurrentCell(try attributes.word("cell")))
  }

  private var takesState: Bool { cell == .lstm || cell == .gruResetAfter }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    guard cell != .gruResetBefore else {
      throw TypeError("recurrent_cell: gruResetBefore has no pointwise form")
    }
    try expect(takesState ? 3 : 2, operands, of: mnemonic)
    let gates = operands[0]
    guard gates.elementType == .float32, gates.rank == 2,
      let width = gates.shape[1].staticSize, width % cell.gates.count == 0, operands[1] == gates
    else {
      throw TypeError(
        "recurrent_cell: gates are \(gates) and \(operands[1]), expected equal [batch, "
          + "\(cell.gates.count)·hidden]")
    }
    let state = TensorType(
      .float32, [gates.shape[0], Dimension(constant: width / cell.gates.count)])
    if takesState, operands[2] != state {
      throw TypeError("recurrent_cell: state is \(operands[2]), expected \(state)")
    }
    return Array(repeating: state, count: cell.stateCount)
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (batch, gates) = (operands[0].shape[0], cell.gates.count)
    let hidden = operands[0].shape[1] / gates
    var results = Array(
      repeating: HostTensor(.float32, [batch, hidden], repeating: 0), count: cell.stateCount)
    for row in 0..<batch {
      for unit in 0..<hidden {
        let part = { (tensor: HostTensor) in
          (0..<gates).map { tensor[[row, $0 * hidden + unit]] }
        }
        let new = cell.step(
          x: part(operands[0]), h: part(operands[1]),
          state: takesState ? operands[2][[row, unit]] : 0)
        results[0][[row, unit]] = new.hidden
        if cell == .lstm { results[1][[row, unit]] = new.cell }
      }
    }
    return results
  }
}

// MARK: - Gradient

extension FusedRecurrentCell {
  /// The cell as primitive operations, and their gradients: a step alone is not worth a kernel.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard upstream.contains(where: { $0 != nil }) else { return node.operands.map { _ in nil } }
    let step = try expansion(of: node, &b)
    return try step.gradients(upstream, &b)
  }

  private func expansion(
    of node: Node, _ b: inout GradientBuilder
  ) throws(TypeError) -> CellGradient {
    let (x, h) = (node.operands[0], node.operands[1])
    let width = b.type(of: x).shape[1]
    let hidden = Dimension(constant: (width.staticSize ?? 0) / cell.gates.count)
    var parts: [(x: Value, h: Value)] = []
    for gate in cell.gates.indices {
      let slice = Operation.slice(
        Slice(
          axis: 1, start: Dimension(constant: gate * (hidden.staticSize ?? 0)), size: hidden))
      parts.append((try b.emit(slice, x), try b.emit(slice, h)))
    }
    return CellGradient(cell: cell, node: node, parts: parts)
  }
}

/// What the gradient of one step is made from.
private struct CellGradient {
  let cell: RecurrentCellKind
  let node: Node
  let parts: [(x: Value, h: Value)]

  private func sigmoid(_ gate: Int, _ b: inout GradientBuilder) throws(TypeError) -> Value {
    try b.emit(.unary(.sigmoid), b.emit(.binary(.add), parts[gate].x, parts[gate].h))
  }

  /// d · s · (1 - s) for a sigmoid's result s.
  private func throughSigmoid(
    _ d: Value, _ s: Value, _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    try b.multiply(d, b.multiply(s, b.oneMinus(s)))
  }

  /// d · (1 - t²) for a tanh's result t.
  private func throughTanh(
    _ d: Value, _ t: Value, _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    try b.multiply(d, b.oneMinus(b.multiply(t, t)))
  }

  private func joined(
    _ gates: [Value], _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    try b.graph.append(.concatenate(Concatenate(axis: 1)), gates, origin: b.origin)[0]
  }

  func gradients(
    _ upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    let dh: Value
    if let upstream = upstream[0] {
      dh = upstream
    } else {
      dh = try b.zeros(b.type(of: node.results[0]))
    }
    switch cell {
    case .rnnTanh:
      let d = try throughTanh(dh, node.results[0], &b)
      return [d, d]
    case .rnnRelu:
      let isPositive = try b.emit(.compare(.greater), node.results[0], b.constant(0))
      let d = try b.emit(.select(Select()), isPositive, dh, b.constant(0))
      return [d, d]
    case .lstm:
      let (i, f, o) = (try sigmoid(0, &b), try sigmoid(1, &b), try sigmoid(3, &b))
      let g = try b.emit(.unary(.tanh), b.emit(.binary(.add), parts[2].x, parts[2].h))
      let c = node.operands[2]
      let t = try b.emit(.unary(.tanh), node.results[1])
      let through = try throughTanh(b.multiply(dh, o), t, &b)
      let dc = try b.sum(upstream[1], through) ?? through
      let gates = try joined(
        [
          throughSigmoid(b.multiply(dc, g), i, &b), throughSigmoid(b.multiply(dc, c), f, &b),
          throughTanh(b.multiply(dc, i), g, &b), throughSigmoid(b.multiply(dh, t), o, &b),
        ], &b)
      return [gates, gates, try b.multiply(dc, f)]
    case .gruResetAfter, .gruResetBefore:
      let (r, z) = (try sigmoid(0, &b), try sigmoid(1, &b))
      let n = try b.emit(
        .unary(.tanh), b.emit(.binary(.add), parts[2].x, b.multiply(r, parts[2].h)))
      let h = node.operands[2]
      let dn = try throughTanh(b.multiply(dh, b.oneMinus(z)), n, &b)
      let dz = try throughSigmoid(
        b.multiply(dh, b.emit(.binary(.subtract), h, n)), z, &b)
      let dr = try throughSigmoid(b.multiply(dn, parts[2].h), r, &b)
      return [
        try joined([dr, dz, dn], &b), try joined([dr, dz, b.multiply(dn, r)], &b),
        try b.multiply(dh, z),
      ]
    }
  }
}
