import SequentIR

extension Lowerer {
  /// `c[k, n] = Σ a[…, k] · b[…, n]`: one product of the left operand transposed, over all rows, and
  /// perhaps the sums of the right operand's columns.
  mutating func contraction(_ operands: [View], _ shapes: [[Int]]) throws -> [View] {
    let outputs = try shapes.map { try allocate(.float32, $0) }
    let right = try rows(operands[1])
    guard outputs[0].count > 0 else {
      if outputs.count > 1 { emit(.reduce(.sum, axes: [0]), [right], into: outputs[1]) }
      return outputs
    }
    let left = try rows(operands[0]).transposed([1, 0])
    var gemm = Kernel.Gemm(
      columns: shapes[0][1], isPacked: false, hasBias: false, hasResidual: false,
      accumulates: false, scale: 1, activation: .none)
    gemm.sumsColumns = outputs.count > 1
    emit(
      .gemm(gemm), [left.padded(to: 4), right.padded(to: 4)],
      into: [outputs[0].padded(to: 4)] + outputs.dropFirst())
    return outputs
  }

  /// All axes but the last made one.
  private mutating func rows(_ view: View) throws -> View {
    let width = view.shape.last ?? 1
    return try reshaped(view, to: [view.shape.dropLast().reduce(1, *), width])
  }

  /// How many elements a shape has at these sizes.
  mutating func literal(_ size: Size) throws -> View {
    let count = try TensorType(.float32, size.shape).sizes(bindings).reduce(1, *)
    return literal(.float32, [Float(count).bitPattern], [])
  }

  /// A parameter's step: the gradient may be columns of a wider one, all else is dense.
  mutating func optimizerUpdate(
    _ update: OptimizerUpdate, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    let gradient = try rows(operands[1])
    var inputs = [try dense(operands[0]), gradient.hasUnitColumns ? gradient : try dense(gradient)]
    inputs += try operands.dropFirst(2).map { try dense($0) }
    let outputs = try shapes.map { try allocate(.float32, $0) }
    emit(.optimizerUpdate(update), inputs, into: outputs)
    return outputs
  }
}
