/// Tensors one behind the other along an axis: `%y = concatenate %a, %b {axis = 2}`.
public struct Concatenate: OperationRule {
  public static let mnemonics = ["concatenate"]

  /// The axis along which the operands follow each other.
  public let axis: Int

  /// Creates a concatenation.
  public init(axis: Int) { self.axis = axis }

  public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .concatenate(Concatenate(axis: try attributes.integer("axis")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    guard var result = operands.first else { throw TypeError("concatenate takes operands") }
    guard result.shape.indices.contains(axis) else {
      throw TypeError("concatenate: axis \(axis) is out of range for \(result)")
    }
    for operand in operands.dropFirst() {
      var (left, right) = (result, operand)
      guard left.rank == right.rank, left.elementType == right.elementType else {
        throw TypeError("concatenate: \(result) and \(operand) differ in more than axis \(axis)")
      }
      left.shape[axis] = 1
      right.shape[axis] = 1
      guard left == right else {
        throw TypeError("concatenate: \(result) and \(operand) differ in more than axis \(axis)")
      }
      result.shape[axis] = result.shape[axis] + operand.shape[axis]
      guard result.shape[axis].isInRange else {
        throw TypeError("concatenate: the size of axis \(axis) is out of range")
      }
    }
    return [result]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var shape = operands[0].shape
    shape[axis] = operands.reduce(0) { $0 + $1.shape[axis] }
    return [
      HostTensor(operands[0].elementType, shape) { index in
        var place = index
        for operand in operands {
          if place[axis] < operand.shape[axis] { return operand[place] }
          place[axis] -= operand.shape[axis]
        }
        return .nan
      }
    ]
  }
}

extension Concatenate {
  /// Each operand has its part of the gradient.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return node.operands.map { _ in nil } }
    var result: [Value?] = []
    var start: Dimension = 0
    for operand in node.operands {
      let size = b.type(of: operand).shape[axis]
      result.append(try b.emit(.slice(Slice(axis: axis, start: start, size: size)), dy))
      start = start + size
    }
    return result
  }
}
