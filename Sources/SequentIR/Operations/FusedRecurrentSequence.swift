/// A recurrent layer over a whole sequence, in one or both directions, in one kernel.
///
/// Operands: x `[batch, time, input]`; for every direction the merged input weights
/// `[input, gates·hidden]`, the merged hidden weights `[hidden, gates·hidden]`, the bias
/// `[gates·hidden]` if there is one, the candidate's hidden bias `[hidden]` if there is one
/// (`gruResetAfter` only), the initial state (h, and c for an LSTM, `[batch, hidden]`); last the
/// lengths `[batch]` if there are any.
///
/// Results: the outputs `[batch, time, directions·hidden]`, then every direction's final state; with
/// `savesGates` a last one for `recurrent_sequence_gradient`, `[batch, time, slots·hidden]` with
/// `savedSlots` slots a direction, whose order inside is the kernel's own. Lengths act as they do in
/// `scan`.
public struct FusedRecurrentSequence: OperationRule {
  public static let mnemonics = ["recurrent_sequence"]

  /// The cell.
  public let cell: RecurrentCellKind
  /// For every direction, whether it goes from the last step to the first.
  public let isReversed: [Bool]
  /// Whether every direction has a bias.
  public let hasBias: Bool
  /// Whether every direction has a hidden bias of the candidate.
  public let hasHiddenBias: Bool
  /// Whether the last operand is the rows' lengths.
  public let hasLengths: Bool
  /// Whether the gates are kept for the gradient.
  public let savesGates: Bool

  /// Creates a recurrent layer.
  public init(
    cell: RecurrentCellKind, isReversed: [Bool] = [false], hasBias: Bool = false,
    hasHiddenBias: Bool = false, hasLengths: Bool = false, savesGates: Bool = false
  ) {
    self.savesGates = savesGates
    self.cell = cell
    self.isReversed = isReversed
    self.hasBias = hasBias
    self.hasHiddenBias = hasHiddenBias
    self.hasLengths = hasLengths
  }

  /// The same layer, keeping its gates for the gradient.
  public var savingGates: FusedRecurrentSequence {
    FusedRecurrentSequence(
      cell: cell, isReversed: isReversed, hasBias: hasBias, hasHiddenBias: hasHiddenBias,
      hasLengths: hasLengths, savesGates: true)
  }

  /// One direction's operands.
  public struct Direction<Operand> {
    public var inputWeights: Operand
    public var hiddenWeights: Operand
    public var bias: Operand?
    public var hiddenBias: Operand?
    public var initialState: [Operand]
  }

  /// How many operands a direction has.
  public var operandsPerDirection: Int {
    2 + (hasBias ? 1 : 0) + (hasHiddenBias ? 1 : 0) + cell.stateCount
  }

  /// The operands by direction.
  public func directions<Operand>(_ operands: [Operand]) -> [Direction<Operand>] {
    isReversed.indices.map { direction in
      var rest = operands.dropFirst(1 + direction * operandsPerDirection)
      return Direction(
        inputWeights: rest.removeFirst(), hiddenWeights: rest.removeFirst(),
        bias: hasBias ? rest.removeFirst() : nil,
        hiddenBias: hasHiddenBias ? rest.removeFirst() : nil,
        initialState: Array(rest.prefix(cell.stateCount)))
    }
  }

  public var attributes: [Attribute] {
    var result = [
      Attribute("cell", .word(cell.rawValue)),
      Attribute("reverse", .list(isReversed.map(AttributeValue.flag))),
    ]
    if hasBias { result.append(Attribute("bias", .flag(true))) }
    if hasHiddenBias { result.append(Attribute("hidden_bias", .flag(true))) }
    if hasLengths { result.append(Attribute("lengths", .flag(true))) }
    if savesGates { result.append(Attribute("saves_gates", .flag(true))) }
    return result
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .recurrentSequence(
      FusedRecurrentSequence(
        cell: try attributes.word("cell"), isReversed: try attributes.flags("reverse"),
        hasBias: try attributes.flag("bias"), hasHiddenBias: try attributes.flag("hidden_bias"),
        hasLengths: try attributes.flag("lengths"),
        savesGates: try attributes.flag("saves_gates")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    guard (1...2).contains(isReversed.count), !hasHiddenBias || cell == .gruResetAfter else {
      throw TypeError("recurrent_sequence: one or two directions; hidden bias with gruResetAfter")
    }
    try expect(
      1 + isReversed.count * operandsPerDirection + (hasLengths ? 1 : 0), operands, of: mnemonic)
    let x = operands[0]
    guard x.elementType == .float32, x.rank == 3 else {
      throw TypeError("recurrent_sequence: input is \(x), expected f32[batch, time, input]")
    }
    guard let hidden = operands[2].shape.first, let units = hidden.staticSize else {
      throw TypeError(
        "recurrent_sequence: hidden weights are \(operands[2]), expected constant [hidden, gates]")
    }
    let gates = Dimension(constant: units * cell.gates.count)
    let state = TensorType(.float32, [x.shape[0], hidden])
    for direction in directions(operands) {
      try check(direction.inputWeights, [x.shape[2], gates], "input weights")
      try check(direction.hiddenWeights, [hidden, gates], "hidden weights")
      if let bias = direction.bias { try check(bias, [gates], "bias") }
      if let bias = direction.hiddenBias { try check(bias, [hidden], "hidden bias") }
      for initial in direction.initialState { try check(initial, state.shape, "initial state") }
    }
    if hasLengths, operands[operands.count - 1] != TensorType(.int32, [x.shape[0]]) {
      throw TypeError(
        "recurrent_sequence: lengths are \(operands[operands.count - 1]), expected "
          + "i32[\(x.shape[0])]")
    }
    let width = Dimension(constant: units * isReversed.count)
    let slots = Dimension(
      constant: (hidden.staticSize ?? 0) * isReversed.count * cell.savedSlots)
    return [TensorType(.float32, [x.shape[0], x.shape[1], width])]
      + Array(repeating: state, count: isReversed.count * cell.stateCount)
      + (savesGates ? [TensorType(.float32, [x.shape[0], x.shape[1], slots])] : [])
  }

  private func check(
    _ type: TensorType, _ shape: [Dimension], _ what: String
  ) throws(TypeError) {
    guard type == TensorType(.float32, shape) else {
      throw TypeError(
        "recurrent_sequence: \(what) is \(type), expected \(TensorType(.float32, shape))")
    }
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let x = operands[0]
    let (batch, time, hidden) = (x.shape[0], x.shape[1], operands[2].shape[0])
    let lengths = hasLengths ? operands[operands.count - 1].values.map { Int($0) } : nil
    if let lengths, let row = lengths.firstIndex(where: { $0 < 0 || $0 > time }) {
      throw EvaluationError(
        "recurrent_sequence: lengths[\(row)] is \(lengths[row]), expected 0 to \(time)")
    }
    var output = HostTensor(.float32, [batch, time, isReversed.count * hidden], repeating: 0)
    var finals: [HostTensor] = []
    for (position, direction) in directions(operands).enumerated() {
      var states = direction.initialState
      for row in 0..<batch {
        let count = lengths?[row] ?? time
        for step in 0..<count {
          let t = isReversed[position] ? count - 1 - step : step
          let input = (0..<x.shape[2]).map { x[[row, t, $0]] }
          let new = self.step(direction, input: input, state: states.map { $0.row(row) })
          for (index, values) in new.enumerated() { states[index].setRow(row, values) }
          for unit in 0..<hidden { output[[row, t, position * hidden + unit]] = new[0][unit] }
        }
      }
      finals += states
    }
    let slots = isReversed.count * cell.savedSlots * hidden
    // The evaluator's gradient computes the gates again: it keeps nothing here.
    let saved = savesGates ? [HostTensor(.float32, [batch, time, slots], repeating: 0)] : []
    return [output] + finals + saved
  }

  /// One row's step: the new state, h first.
  func step(
    _ direction: Direction<HostTensor>, input: [Double], state: [[Double]]
  ) -> [[Double]] {
    let (gates, hidden) = (cell.gates.count, state[0].count)
    var x = product(input, direction.inputWeights)
    if let bias = direction.bias { x = zip(x, bias.values).map(+) }
    var h = product(state[0], direction.hiddenWeights)
    if let bias = direction.hiddenBias {
      for unit in 0..<hidden { h[2 * hidden + unit] += bias.values[unit] }
    }
    if cell == .gruResetBefore {
      let reset = (0..<hidden).map { Unary.sigmoid.value(x[$0] + h[$0]) * state[0][$0] }
      h.replaceSubrange(
        2 * hidden..<3 * hidden,
        with: product(reset, direction.hiddenWeights)[2 * hidden..<3 * hidden])
    }
    let new = (0..<hidden).map { unit in
      let part = { (values: [Double]) in (0..<gates).map { values[$0 * hidden + unit] } }
      return cell.step(x: part(x), h: part(h), state: state[state.count - 1][unit])
    }
    return [new.map(\.hidden)] + (cell == .lstm ? [new.map(\.cell)] : [])
  }

  func product(_ row: [Double], _ matrix: HostTensor) -> [Double] {
    (0..<matrix.shape[1]).map { column in
      row.indices.reduce(0) { $0 + row[$1] * matrix[[$1, column]] }
    }
  }
}

extension HostTensor {
  /// A row of a matrix.
  func row(_ row: Int) -> [Double] {
    Array(values[row * shape[1]..<(row + 1) * shape[1]])
  }

  mutating func setRow(_ row: Int, _ new: [Double]) {
    values.replaceSubrange(row * shape[1]..<(row + 1) * shape[1], with: new)
  }
}

// MARK: - Gradient

extension FusedRecurrentSequence {
  /// One kernel for the whole way back.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard savesGates, let saved = node.results.last else {
      throw TypeError("recurrent_sequence: its gates were not saved, so it has no gradient")
    }
    let operation = RecurrentSequenceGradient(
      of: self, hasUpstream: upstream.dropLast().map { $0 != nil })
    let results = try b.graph.append(
      .recurrentSequenceGradient(operation),
      node.operands + [node.results[0], saved] + upstream.dropLast().compactMap { $0 },
      origin: b.origin)
    return results.map { $0 } + (hasLengths ? [nil] : [])
  }
}
