/// A tensor with a part along one axis replaced: `%k = update_slice %cache, %new {axis = 1, start = past}`.
///
/// Done in place when the tensor is not used again, as a state is.
public struct UpdateSlice: OperationRule {
  public static let mnemonics = ["update_slice"]

  /// The axis along which the part lies.
  public let axis: Int
  /// The first position replaced.
  public let start: Dimension

  /// Creates an update.
  public init(axis: Int, start: Dimension) {
    self.axis = axis
    self.start = start
  }

  public var attributes: [Attribute] {
    [Attribute("axis", .integer(axis)), Attribute("start", .dimension(start))]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .updateSlice(
      UpdateSlice(
        axis: try attributes.integer("axis"), start: try attributes.dimension("start")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    let (target, update) = (operands[0], operands[1])
    guard target.rank == update.rank, target.elementType == update.elementType,
      target.shape.indices.contains(axis),
      zip(target.shape, update.shape).enumerated().allSatisfy({ $0 == axis || $1.0 == $1.1 })
    else {
      throw TypeError("update_slice: \(update) does not fit into \(target) along axis \(axis)")
    }
    return [target]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let first = try start.size(bindings)
    guard first + operands[1].shape[axis] <= operands[0].shape[axis] else {
      throw EvaluationError(
        "update_slice: \(operands[1].shape[axis]) positions from \(first) do not lie in axis "
          + "\(axis) of size \(operands[0].shape[axis])")
    }
    var result = operands[0]
    forEachIndex(operands[1].shape) { index in
      var place = index
      place[axis] += first
      result[place] = operands[1][index]
    }
    return [result]
  }
}

extension UpdateSlice {
  /// The part has its place's gradient, the tensor all the rest.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil, nil] }
    let part = b.type(of: node.operands[1])
    let rest = try b.emit(
      .updateSlice(UpdateSlice(axis: axis, start: start)), dy, b.zeros(part))
    return [
      rest, try b.emit(.slice(Slice(axis: axis, start: start, size: part.shape[axis])), dy),
    ]
  }
}
