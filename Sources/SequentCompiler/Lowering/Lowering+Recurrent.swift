import SequentIR

extension Lowerer {
  /// One step's pointwise part.
  mutating func recurrentCell(
    _ cell: RecurrentCellKind, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    var inputs: [View] = []
    for (index, operand) in operands.enumerated() {
      // Gates may lie in rows apart, as a time slice does; the state may not.
      inputs.append(index < 2 && operand.hasUnitColumns ? operand : try dense(operand))
    }
    let outputs = try shapes.map { try allocate(.float32, $0) }
    emit(.recurrentCell(cell), inputs, into: outputs)
    return outputs
  }

  /// A whole layer.
  mutating func recurrentSequence(
    _ layer: FusedRecurrentSequence, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    let x = operands[0]
    let hidden = operands[2].shape[0]
    var kernel = Kernel.RecurrentSequence(
      cell: layer.cell, isReversed: layer.isReversed, startsAtZero: [], hidden: hidden,
      hasLengths: layer.hasLengths, savesGates: layer.savesGates)
    var inputs = [x.hasUnitColumns ? x : try dense(x)]
    for direction in layer.directions(operands) {
      inputs.append(try packed(.recurrentWeights(layer.cell), [direction.inputWeights]))
      inputs.append(try packed(.recurrentWeights(layer.cell), [direction.hiddenWeights]))
      inputs.append(
        try packed(
          .recurrentBias(
            layer.cell, hidden: hidden, hasBias: direction.bias != nil,
            hasHiddenBias: direction.hiddenBias != nil),
          [direction.bias, direction.hiddenBias].compactMap { $0 }.map { try dense($0) }))
      let startsAtZero = direction.initialState.allSatisfy(isZero)
      kernel.startsAtZero.append(startsAtZero)
      if !startsAtZero { inputs += try direction.initialState.map { try dense($0) } }
    }
    if layer.hasLengths {
      inputs.append(try checkedLengths(operands[operands.count - 1], limit: x.shape[1]))
    }
    let outputs = try shapes.map { try allocate(.float32, $0) }
    emit(.recurrentSequence(kernel), inputs, into: outputs)
    return outputs
  }

  /// Whether a view is known to hold zeros.
  func isZero(_ view: View) -> Bool {
    constantPosition(of: view).map { constants.isZero($0) } ?? false
  }

  /// Lengths that kernels may trust: a copy held to 0...limit, the first one outside reported.
  mutating func checkedLengths(_ lengths: View, limit: Int) throws -> View {
    let output = try allocate(.int32, lengths.shape)
    emit(.checkLengths(limit: limit), [try dense(lengths)], into: output)
    return output
  }
}
