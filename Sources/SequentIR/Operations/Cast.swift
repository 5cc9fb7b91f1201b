/// The same numbers as another element type: `%y = cast %x {type = f32}`.
///
/// A real number becomes an integer towards zero, the nearest there is; NaN becomes 0. Anything but
/// 0 becomes true.
public struct Cast: OperationRule {
  public static let mnemonics = ["cast"]

  /// The element type of the result.
  public let elementType: ElementType

  /// Creates a cast.
  public init(_ elementType: ElementType) { self.elementType = elementType }

  public var attributes: [Attribute] { [Attribute("type", .word(elementType.rawValue))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .cast(Cast(try attributes.word("type"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    return [TensorType(elementType, operands[0].shape)]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let values = operands[0].values.map { value in
      switch elementType {
      case .float32: value
      case .int32: Double(Mathematics.int32(value))
      case .bool: value != 0 ? 1.0 : 0
      }
    }
    return [HostTensor(elementType, operands[0].shape, values)]
  }
}

extension Cast {
  /// From real number to real number the gradient passes; integers have none.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    let types = (b.type(of: node.operands[0]).elementType, elementType)
    return [types == (.float32, .float32) ? upstream[0] : nil]
  }
}
