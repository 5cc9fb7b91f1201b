/// The position of the largest element along an axis, the first of equals: i32.
public struct ArgMax: OperationRule {
  public static let mnemonics = ["argmax"]

  /// The axis that goes.
  public let axis: Int

  /// Creates an argmax.
  public init(axis: Int) { self.axis = axis }

  public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .argmax(ArgMax(axis: try attributes.integer("axis"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    try expect(.float32, operands[0], "argmax: operand")
    guard operands[0].shape.indices.contains(axis) else {
      throw TypeError("argmax: axis \(axis) is out of range for \(operands[0])")
    }
    var shape = operands[0].shape
    shape.remove(at: axis)
    return [TensorType(.int32, shape)]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let operand = operands[0]
    var shape = operand.shape
    let count = shape.remove(at: axis)
    return [
      HostTensor(.int32, shape) { index in
        var place = index
        place.insert(0, at: axis)
        var (best, position) = (-Double.infinity, 0)
        for candidate in 0..<count {
          place[axis] = candidate
          if operand[place] > best { (best, position) = (operand[place], candidate) }
        }
        return Double(position)
      }
    ]
  }
}
