/// The position along an axis: `iota {shape = [batch, time], axis = 1}` counts 0, 1, 2… in each row.
public struct Iota: OperationRule {
  public static let mnemonics = ["iota"]

  /// The shape of the result.
  public let shape: [Dimension]
  /// The axis that is counted along.
  public let axis: Int

  /// Creates an i32 iota.
  public init(shape: [Dimension], axis: Int) {
    self.shape = shape
    self.axis = axis
  }

  public var attributes: [Attribute] {
    [Attribute("shape", .dimensions(shape)), Attribute("axis", .integer(axis))]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .iota(
      Iota(shape: try attributes.dimensions("shape"), axis: try attributes.integer("axis")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(0, operands, of: mnemonic)
    guard shape.indices.contains(axis) else {
      throw TypeError("iota: axis \(axis) is out of range for \(shapeText(shape))")
    }
    return [TensorType(.int32, shape)]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(.int32, shape).sizes(bindings)
    return [HostTensor(.int32, sizes) { Double($0[axis]) }]
  }
}
