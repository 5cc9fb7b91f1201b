/// The same elements in the same order under another shape: `%y = reshape %x {shape = [batch, 4, 8]}`.
///
/// Symbolic axes must stay whole and in order; only constants between them merge and split, so that
/// the two counts are equal for every size.
public struct Reshape: OperationRule {
  public static let mnemonics = ["reshape"]

  /// The shape of the result.
  public let shape: [Dimension]

  /// Creates a reshape.
  public init(_ shape: [Dimension]) { self.shape = shape }

  public var attributes: [Attribute] { [Attribute("shape", .dimensions(shape))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .reshape(Reshape(try attributes.dimensions("shape"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    guard let factors = Self.factors(shape), factors == Self.factors(operands[0].shape) else {
      throw TypeError(
        "reshape: \(operands[0]) and \(shapeText(shape)) do not hold equally many elements")
    }
    return [TensorType(operands[0].elementType, shape)]
  }

  /// The symbolic axes in order, and the product of the constants before, between and after them;
  /// nil when a product overflows.
  private static func factors(_ shape: [Dimension]) -> [Dimension]? {
    var result: [Dimension] = [1]
    for dimension in shape {
      if let size = dimension.staticSize {
        let (product, overflow) = result[result.count - 1].constant
          .multipliedReportingOverflow(by: size)
        guard !overflow else { return nil }
        result[result.count - 1] = Dimension(constant: product)
      } else {
        result += [dimension, 1]
      }
    }
    return result
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(operands[0].elementType, shape).sizes(bindings)
    return [HostTensor(operands[0].elementType, sizes, operands[0].values)]
  }
}

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

/// Rows of a table by number: `y[i…, w] = table[indices[i…], w]`.
public struct Gather: OperationRule {
  public static let mnemonics = ["gather"]

  /// Creates a gather.
  public init() {}

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .gather(Gather()) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    try expect(.int32, operands[1], "gather: indices")
    guard operands[0].rank == 2 else {
      throw TypeError("gather: table is \(operands[0]), expected [rows, width]")
    }
    return [
      TensorType(operands[0].elementType, operands[1].shape + [operands[0].shape[1]])
    ]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (table, indices) = (operands[0], operands[1])
    let (rows, width) = (table.shape[0], table.shape[1])
    var values: [Double] = []
    for (position, index) in indices.values.enumerated() {
      guard index >= 0, Int(index) < rows else {
        throw EvaluationError(
          "gather: index \(Int(index)) at position \(position) is not a row of a table of \(rows)")
      }
      values += table.values[Int(index) * width..<(Int(index) + 1) * width]
    }
    return [HostTensor(table.elementType, indices.shape + [width], values)]
  }
}
