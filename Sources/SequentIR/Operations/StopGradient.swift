/// The same numbers, which a gradient takes for constants: `%y = stop_gradient %x`.
public struct StopGradient: OperationRule {
  public static let mnemonics = ["stop_gradient"]

  /// Creates the operation.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .stopGradient(StopGradient()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    try expect(.float32, operands[0], "stop_gradient: operand")
    return operands
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    operands
  }
}
