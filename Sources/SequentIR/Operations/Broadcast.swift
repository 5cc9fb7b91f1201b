/// Axes of size 1, or missing in front, stretched: `%y = broadcast %x {shape = [batch, 96]}`.
public struct Broadcast: OperationRule {
  public static let mnemonics = ["broadcast"]

  /// The shape of the result.
  public let shape: [Dimension]

  /// Creates a broadcast.
  public init(_ shape: [Dimension]) { self.shape = shape }

  public var attributes: [Attribute] { [Attribute("shape", .dimensions(shape))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .broadcast(Broadcast(try attributes.dimensions("shape"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    guard try broadcastShape(operands[0].shape, shape, of: mnemonic) == shape else {
      throw TypeError("broadcast: \(operands[0]) does not stretch to \(shapeText(shape))")
    }
    return [TensorType(operands[0].elementType, shape)]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(operands[0].elementType, shape).sizes(bindings)
    return [HostTensor(operands[0].elementType, sizes) { operands[0].broadcast($0) }]
  }
}

extension Broadcast {
  /// The sum over what was stretched.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    return [try b.unbroadcast(dy, to: b.type(of: node.operands[0]))]
  }
}
