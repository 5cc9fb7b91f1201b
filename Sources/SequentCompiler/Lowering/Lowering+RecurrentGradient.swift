import SequentIR

extension Kernel {
  /// The way back through a recurrent layer.
  ///
  /// Inputs: x; for every direction the merged input weights, the merged hidden weights and the
  /// initial state if it is not zeros; lengths if there are any; the outputs, what was saved; then
  /// the gradients of the outputs and the final states, as far as there are any. Outputs: the
  /// gradients of x and, for every direction, of both weights, the biases and the initial state.
  public struct RecurrentSequenceGradient: Hashable, Sendable {
    public var layer: RecurrentSequence
    public var hasBias: Bool
    public var hasHiddenBias: Bool
    /// For the outputs and every final state, whether their gradient is among the inputs.
    public var hasUpstream: [Bool]
  }
}

extension Lowerer {
  /// A whole layer's gradient.
  mutating func recurrentSequenceGradient(
    _ gradient: RecurrentSequenceGradient, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    let forward = gradient.forward
    var layer = Kernel.RecurrentSequence(
      cell: forward.cell, isReversed: forward.isReversed, startsAtZero: [],
      hidden: operands[2].shape[0], hasLengths: forward.hasLengths, savesGates: true)
    var inputs = [try dense(operands[0])]
    for direction in forward.directions(operands) {
      inputs += [try dense(direction.inputWeights), try dense(direction.hiddenWeights)]
      let startsAtZero = direction.initialState.allSatisfy(isZero)
      layer.startsAtZero.append(startsAtZero)
      if !startsAtZero { inputs += try direction.initialState.map { try dense($0) } }
    }
    let count = gradient.forwardOperandCount
    if forward.hasLengths {
      inputs.append(try checkedLengths(operands[count - 1], limit: operands[0].shape[1]))
    }
    inputs += try operands.dropFirst(count).map { try dense($0) }
    let outputs = try shapes.map { try allocate(.float32, $0) }
    let kernel = Kernel.RecurrentSequenceGradient(
      layer: layer, hasBias: forward.hasBias, hasHiddenBias: forward.hasHiddenBias,
      hasUpstream: gradient.hasUpstream)
    emit(.recurrentSequenceGradient(kernel), inputs, into: outputs)
    return outputs
  }
}
