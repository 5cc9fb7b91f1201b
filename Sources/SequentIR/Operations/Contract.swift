/// The product summed over all axes but the last: `c[k, n] = Σ a[…, k] · b[…, n]`.
///
/// The gradient of a weight: one product over all rows and steps of a batch. With `sums`, `Σ b[…, n]`
/// over the same axes is a second result, the gradient of the bias.
public struct Contract: OperationRule {
  public static let mnemonics = ["contract"]

  /// Whether the sums of the right operand are a result too.
  public let givesSums: Bool

  /// Creates a contraction.
  public init(givesSums: Bool = false) { self.givesSums = givesSums }

  public var attributes: [Attribute] { givesSums ? [Attribute("sums", .flag(true))] : [] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .contract(Contract(givesSums: try attributes.flag("sums")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    let (left, right) = (operands[0], operands[1])
    try expect(.float32, left, "contract: left operand")
    try expect(.float32, right, "contract: right operand")
    guard left.rank >= 2, left.shape.dropLast() == right.shape.dropLast() else {
      throw TypeError("contract: \(left) and \(right) differ before the last axis")
    }
    let (rows, columns) = (left.shape[left.rank - 1], right.shape[right.rank - 1])
    let result = TensorType(.float32, [rows, columns])
    return givesSums ? [result, TensorType(.float32, [columns])] : [result]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (left, right) = (operands[0], operands[1])
    let (k, n) = (left.shape[left.shape.count - 1], right.shape[right.shape.count - 1])
    var result = HostTensor(.float32, [k, n], repeating: 0)
    var sums = HostTensor(.float32, [n], repeating: 0)
    for row in 0..<left.shape.dropLast().reduce(1, *) {
      for i in 0..<k {
        for j in 0..<n {
          result.values[i * n + j] += left.values[row * k + i] * right.values[row * n + j]
        }
      }
      for j in 0..<n { sums.values[j] += right.values[row * n + j] }
    }
    return givesSums ? [result, sums] : [result]
  }

  /// da = b · cᵀ, db = a · c + s for the gradients c of the result and s of the sums.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    var (da, db): (Value?, Value?) = (nil, nil)
    if let upstream = upstream[0] {
      da = try b.emit(.matmul(MatMul()), node.operands[1], b.transposed(upstream))
      db = try b.emit(.matmul(MatMul()), node.operands[0], upstream)
    }
    if givesSums, let sums = upstream[1] {
      let shape = b.type(of: node.operands[1]).shape
      db = try b.sum(db, b.emit(.broadcast(Broadcast(shape)), sums))
    }
    return [da, db]
  }
}

/// Rows added up by number: `table[indices[i…], w] += rows[i…, w]` on a table of zeros.
///
/// The gradient of `gather`.
public struct ScatterAdd: OperationRule {
  public static let mnemonics = ["scatter_add"]

  /// The number of rows of the result.
  public let rows: Int

  /// Creates a sum of rows.
  public init(rows: Int) { self.rows = rows }

  public var attributes: [Attribute] { [Attribute("rows", .integer(rows))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .scatterAdd(ScatterAdd(rows: try attributes.integer("rows")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    try expect(.int32, operands[0], "scatter_add: indices")
    try expect(.float32, operands[1], "scatter_add: rows")
    guard operands[1].rank == operands[0].rank + 1,
      Array(operands[1].shape.dropLast()) == operands[0].shape, let width = operands[1].shape.last
    else {
      throw TypeError("scatter_add: rows \(operands[1]) do not go with indices \(operands[0])")
    }
    return [TensorType(.float32, [Dimension(constant: rows), width])]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let width = operands[1].shape[operands[1].shape.count - 1]
    var result = HostTensor(.float32, [rows, width], repeating: 0)
    for (position, index) in operands[0].values.enumerated() {
      guard index >= 0, Int(index) < rows else {
        throw EvaluationError(
          "scatter_add: index \(Int(index)) at position \(position) is not a row of \(rows)")
      }
      for column in 0..<width {
        result.values[Int(index) * width + column] += operands[1].values[position * width + column]
      }
    }
    return [result]
  }

  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let upstream = upstream[0] else { return [nil, nil] }
    return [nil, try b.emit(.gather(Gather()), upstream, node.operands[0])]
  }
}

/// How many elements a shape has, as a number: `%n = size {shape = [batch, time]}`.
public struct Size: OperationRule {
  public static let mnemonics = ["size"]

  /// The shape.
  public let shape: [Dimension]

  /// Creates a size.
  public init(_ shape: [Dimension]) { self.shape = shape }

  public var attributes: [Attribute] { [Attribute("shape", .dimensions(shape))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .size(Size(try attributes.dimensions("shape"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(0, operands, of: mnemonic)
    return [TensorType(.float32, [])]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(.float32, shape).sizes(bindings)
    return [HostTensor(.float32, [], [Double(sizes.reduce(1, *))])]
  }
}
