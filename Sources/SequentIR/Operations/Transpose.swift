/// The axes in another order: `%y = transpose %x {axes = [0, 2, 1]}`; axis i is the operand's `axes[i]`.
public struct Transpose: OperationRule {
  public static let mnemonics = ["transpose"]

  /// For every axis of the result, the operand's.
  public let axes: [Int]

  /// Creates a transpose.
  public init(_ axes: [Int]) { self.axes = axes }

  public var attributes: [Attribute] { [Attribute("axes", .integers(axes))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .transpose(Transpose(try attributes.integers("axes"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    guard axes.sorted() == Array(0..<operands[0].rank) else {
      throw TypeError("transpose: \(axes) is not an order of the axes of \(operands[0])")
    }
    return [TensorType(operands[0].elementType, axes.map { operands[0].shape[$0] })]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let operand = operands[0]
    let shape = axes.map { operand.shape[$0] }
    return [
      HostTensor(operand.elementType, shape) { index in
        var place = index
        for (axis, source) in axes.enumerated() { place[source] = index[axis] }
        return operand[place]
      }
    ]
  }
}

extension Transpose {
  /// The axes back in the operand's order.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    let back = axes.indices.sorted { axes[$0] < axes[$1] }
    return [try b.emit(.transpose(Transpose(back)), dy)]
  }
}
