/// Elements of one operand or the other: `%y = select %mask, %x, %otherwise`.
public struct Select: OperationRule {
  public static let mnemonics = ["select"]

  /// Creates a select.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .select(Select()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(3, operands, of: mnemonic)
    try expect(.bool, operands[0], "select: condition")
    guard operands[1].elementType == operands[2].elementType else {
      throw TypeError("select: element types of \(operands[1]) and \(operands[2]) differ")
    }
    let branches = try broadcastShape(operands[1].shape, operands[2].shape, of: mnemonic)
    return [
      TensorType(
        operands[1].elementType, try broadcastShape(operands[0].shape, branches, of: mnemonic))
    ]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let shape = broadcastSizes(
      operands[0].shape, broadcastSizes(operands[1].shape, operands[2].shape))
    return [
      HostTensor(operands[1].elementType, shape) { index in
        operands[operands[0].broadcast(index) != 0 ? 1 : 2].broadcast(index)
      }
    ]
  }
}

extension Select {
  /// Each branch has the gradient where it was taken.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0], b.type(of: dy).elementType == .float32 else {
      return [nil, nil, nil]
    }
    let condition = node.operands[0]
    let left = try b.emit(.select(Select()), condition, dy, b.constant(0))
    let right = try b.emit(.select(Select()), condition, b.constant(0), dy)
    return [
      nil, try b.unbroadcast(left, to: b.type(of: node.operands[1])),
      try b.unbroadcast(right, to: b.type(of: node.operands[2])),
    ]
  }
}
