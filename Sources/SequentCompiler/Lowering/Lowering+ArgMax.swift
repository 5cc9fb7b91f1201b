import SequentIR

extension Lowerer {
  /// The positions of the largest elements in the rows of x · W, by a shortlist where W is constant and
  /// the target has one.
  mutating func argMaxOfProduct(_ operands: [View], _ shape: [Int]) throws -> View {
    let (x, weights) = (operands[0], operands[1])
    let (inner, columns) = (weights.shape[0], weights.shape[1])
    let rows = shape.reduce(1, *)
    guard target.hasShortlist(rows, weights.count), constantPosition(of: weights) != nil else {
      let product = try product(FusedLinear(), operands, [shape + [columns]])[0]
      let output = try allocate(.int32, shape)
      emit(.argmax(axis: shape.count), [try dense(product)], into: output)
      return output
    }
    let isBfloat16 = isBfloat16(weights)
    let inputs = [
      try dense(reshaped(x, to: [rows, inner])),
      try packed(.gemm(isBfloat16: isBfloat16), [weights]),
      try packed(.shortlist(isBfloat16: isBfloat16), [weights]),
    ]
    let output = try allocate(.int32, shape)
    emit(.shortlistArgMax(columns: columns, isBfloat16: isBfloat16), inputs, into: output)
    return output
  }
}
