/// A contiguous part along one axis: `%y = slice %x {axis = 1, start = 0, size = time}`.
public struct Slice: OperationRule {
  public static let mnemonics = ["slice"]

  /// The axis that is cut.
  public let axis: Int
  /// The first position.
  public let start: Dimension
  /// The number of positions.
  public let size: Dimension

  /// Creates a slice.
  public init(axis: Int, start: Dimension, size: Dimension) {
    self.axis = axis
    self.start = start
    self.size = size
  }

  public var attributes: [Attribute] {
    [
      Attribute("axis", .integer(axis)), Attribute("start", .dimension(start)),
      Attribute("size", .dimension(size)),
    ]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .slice(
      Slice(
        axis: try attributes.integer("axis"), start: try attributes.dimension("start"),
        size: try attributes.dimension("size")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    var type = operands[0]
    guard type.shape.indices.contains(axis) else {
      throw TypeError("slice: axis \(axis) is out of range for \(type)")
    }
    // What lies behind the slice must be a size too: not negative for any value of the symbols.
    guard let rest = type.shape[axis].subtracting(start + size), rest.constant >= 0,
      start.constant >= 0 || !start.symbols.isEmpty
    else {
      throw TypeError(
        "slice: \(size) from \(start) does not lie in axis \(axis) of \(type), whose size is "
          + "\(type.shape[axis])")
    }
    type.shape[axis] = size
    return [type]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let first = try start.size(bindings)
    var shape = operands[0].shape
    shape[axis] = try size.size(bindings)
    return [
      HostTensor(operands[0].elementType, shape) { index in
        var place = index
        place[axis] += first
        return operands[0][place]
      }
    ]
  }
}

extension Slice {
  /// The gradient in its place among zeros.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    let zeros = try b.zeros(b.type(of: node.operands[0]))
    return [try b.emit(.updateSlice(UpdateSlice(axis: axis, start: start)), zeros, dy)]
  }
}
