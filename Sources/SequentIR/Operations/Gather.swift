/// Rows of a table by number: `y[i…, w…] = table[indices[i…], w…]`.
public struct Gather: OperationRule {
  public static let mnemonics = ["gather"]

  /// Creates a gather.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .gather(Gather()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    try expect(.int32, operands[1], "gather: indices")
    guard operands[0].rank >= 1 else {
      throw TypeError("gather: table is \(operands[0]), expected [rows, …]")
    }
    return [
      TensorType(operands[0].elementType, operands[1].shape + operands[0].shape.dropFirst())
    ]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (table, indices) = (operands[0], operands[1])
    let rows = table.shape[0]
    let width = table.shape.dropFirst().reduce(1, *)
    var values: [Double] = []
    for (position, index) in indices.values.enumerated() {
      guard index >= 0, Int(index) < rows else {
        throw EvaluationError(
          "gather: index \(Int(index)) at position \(position) is not a row of a table of \(rows)")
      }
      values += table.values[Int(index) * width..<(Int(index) + 1) * width]
    }
    return [HostTensor(table.elementType, indices.shape + table.shape.dropFirst(), values)]
  }
}

extension Gather {
  /// Each row of the table has the sum of the gradients of its uses.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0], b.type(of: node.operands[0]).elementType == .float32 else {
      return [nil, nil]
    }
    return [try Self.gradient(of: node.operands[0], node.operands[1], dy, &b), nil]
  }

  /// The gradient of a table whose rows by indices have the gradient dy.
  static func gradient(
    of table: Value, _ indices: Value, _ dy: Value, _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    let table = b.type(of: table)
    guard let rows = table.shape[0].staticSize, table.rank == 2 else {
      throw TypeError(
        "gather: the gradient of a table \(table) is not known, only that of [rows, width] with a "
          + "constant number of rows")
    }
    return try b.emit(.scatterAdd(ScatterAdd(rows: rows)), indices, dy)
  }
}
