/// The product over the last two axes: `c[…, m, n] = Σₖ a[…, m, k] · b[…, k, n]`.
///
/// Axes before the last two are batch axes; sizes of 1 stretch. `b` of rank 2 is shared by all.
public struct MatMul: OperationRule {
  public static let mnemonics = ["matmul"]

  /// Creates a product.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .matmul(MatMul()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    return [try Self.resultType(operands[0], operands[1])]
  }

  /// The type of a product, or why the operands do not fit.
  static func resultType(
    _ left: TensorType, _ right: TensorType
  ) throws(TypeError) -> TensorType {
    try expect(.float32, left, "matmul: left operand")
    try expect(.float32, right, "matmul: right operand")
    guard left.rank >= 2, right.rank >= 2 else {
      throw TypeError("matmul: \(left) and \(right) must have two axes or more")
    }
    let (inner, other) = (left.shape[left.rank - 1], right.shape[right.rank - 2])
    guard inner == other else {
      throw TypeError(
        "matmul: inner dimensions of \(left) and \(right) differ: \(inner) and \(other)")
    }
    let batch = try broadcastShape(
      Array(left.shape.dropLast(2)), Array(right.shape.dropLast(2)), of: "matmul: batch axes")
    return TensorType(
      .float32, batch + [left.shape[left.rank - 2], right.shape[right.rank - 1]])
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    [Self.product(operands[0], operands[1])]
  }

  /// The product of two tensors whose shapes fit.
  static func product(_ left: HostTensor, _ right: HostTensor) -> HostTensor {
    let (m, k) = (left.shape[left.shape.count - 2], left.shape[left.shape.count - 1])
    let n = right.shape[right.shape.count - 1]
    let batch = broadcastSizes(
      Array(left.shape.dropLast(2)), Array(right.shape.dropLast(2)))
    var values: [Double] = []
    values.reserveCapacity(batch.reduce(1, *) * m * n)
    forEachIndex(batch) { index in
      let a = matrixOffset(left.shape, index)
      let b = matrixOffset(right.shape, index)
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            sum += left.values[a + row * k + inner] * right.values[b + inner * n + column]
          }
          values.append(sum)
        }
      }
    }
    return HostTensor(.float32, batch + [m, n], values)
  }

  /// Where the matrix of a batch index starts in a tensor whose batch axes may stretch.
  private static func matrixOffset(_ shape: [Int], _ index: [Int]) -> Int {
    let batch = shape.dropLast(2)
    var offset = 0
    for (axis, size) in batch.enumerated() {
      offset = offset * size + (size == 1 ? 0 : index[axis + index.count - batch.count])
    }
    return offset * shape[shape.count - 2] * shape[shape.count - 1]
  }
}

extension MatMul {
  /// da = dc · bᵀ, db = aᵀ · dc; a right operand shared by all batches has one product over all.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dc = upstream[0] else { return [nil, nil] }
    return try Self.gradient(node.operands[0], node.operands[1], dc, &b)
  }

  /// The gradients of both operands of a product.
  static func gradient(
    _ left: Value, _ right: Value, _ dc: Value, _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    let da = try b.emit(.matmul(MatMul()), dc, b.transposed(right))
    let (leftType, rightType) = (b.type(of: left), b.type(of: right))
    let db: Value
    if rightType.rank == 2 {
      db = try b.emit(.contract(Contract()), left, dc)
    } else {
      db = try b.unbroadcast(
        b.emit(.matmul(MatMul()), b.transposed(left), dc), to: rightType)
    }
    return [try b.unbroadcast(da, to: leftType), db]
  }
}
