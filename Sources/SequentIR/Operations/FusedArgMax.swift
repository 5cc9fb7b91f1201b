/// The position of the largest element in every row of a product: `y[…] = argmaxⱼ Σₖ x[…, k] · W[k, j]`.
///
///     %token = matmul_argmax %hidden, @head.weight
///
/// The first of equals; shapes: x `[…, k]` (rank 2 or more), W `[k, n]`, y i32 `[…]`. A kernel need not
/// compute what can't be the largest.
public struct FusedArgMax: OperationRule {
  public static let mnemonics = ["matmul_argmax"]

  /// Creates a product of which only the largest elements' positions are wanted.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .matmulArgMax(FusedArgMax()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    guard operands[1].rank == 2 else {
      throw TypeError("matmul_argmax: right operand is \(operands[1]), expected a matrix")
    }
    let product = try MatMul.resultType(operands[0], operands[1])
    return try ArgMax(axis: product.rank - 1).resultTypes([product])
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let product = MatMul.product(operands[0], operands[1])
    return try ArgMax(axis: product.shape.count - 1).evaluate([product], bindings)
  }
}
