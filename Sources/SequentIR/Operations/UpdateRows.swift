/// A table with some of its rows replaced: `y = table`, but `y[indices[i…], w…] = rows[i…, w…]`; of
/// several rows for one place, the last.
///
///     %k = update_rows %cache, %slots, %new
///
/// Done in place when the table is not used again, as a state is.
public struct UpdateRows: OperationRule {
  public static let mnemonics = ["update_rows"]

  /// Creates an update.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .updateRows(UpdateRows()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(3, operands, of: mnemonic)
    let (table, indices, rows) = (operands[0], operands[1], operands[2])
    try expect(.int32, indices, "update_rows: indices")
    guard table.rank >= 1 else {
      throw TypeError("update_rows: table is \(table), expected [rows, …]")
    }
    let wanted = TensorType(table.elementType, indices.shape + table.shape.dropFirst())
    guard rows == wanted else {
      throw TypeError("update_rows: rows are \(rows), expected \(wanted)")
    }
    return [table]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var table = operands[0]
    let count = table.shape[0]
    let width = table.shape.dropFirst().reduce(1, *)
    for (position, index) in operands[1].values.enumerated() {
      guard index >= 0, Int(index) < count else {
        throw EvaluationError(
          "update_rows: index \(Int(index)) at position \(position) is not a row of a table of "
            + "\(count)")
      }
      let row = operands[2].values[position * width..<(position + 1) * width]
      table.values.replaceSubrange(Int(index) * width..<(Int(index) + 1) * width, with: row)
    }
    return [table]
  }
}
