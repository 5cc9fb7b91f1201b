/// A function of pairs of elements; sizes of 1 stretch: `%z = add %x, %y`.
public enum Binary: String, OperationRule, CaseIterable {
  case add, subtract, multiply, divide, maximum, minimum, power, and, or

  public static let mnemonics = allCases.map(\.rawValue)

  /// The word in the text form.
  public var mnemonic: String { rawValue }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    guard let function = Binary(rawValue: mnemonic) else {
      throw TypeError("no function is called '\(mnemonic)'")
    }
    return .binary(function)
  }

  /// Whether the operands may change places.
  public var isCommutative: Bool {
    switch self {
    case .add, .multiply, .maximum, .minimum, .and, .or: true
    case .subtract, .divide, .power: false
    }
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    let (left, right) = (operands[0], operands[1])
    guard left.elementType == right.elementType else {
      throw TypeError("\(mnemonic): element types of \(left) and \(right) differ")
    }
    switch self {
    case .and, .or: try expect(.bool, left, "\(mnemonic): operand")
    case .power: try expect(.float32, left, "\(mnemonic): operand")
    default:
      guard left.elementType != .bool else {
        throw TypeError("\(mnemonic) does not take booleans, got \(left)")
      }
    }
    return [
      TensorType(left.elementType, try broadcastShape(left.shape, right.shape, of: mnemonic))
    ]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (left, right) = (operands[0], operands[1])
    let type = left.elementType
    return [
      HostTensor(type, broadcastSizes(left.shape, right.shape)) { index in
        let (x, y) = (left.broadcast(index), right.broadcast(index))
        guard type == .int32 else { return value(x, y) }
        return Double(integer(Mathematics.int32(x), Mathematics.int32(y)))
      }
    ]
  }

  /// The function of integers: it wraps around; a quotient by 0 is 0.
  private func integer(_ x: Int32, _ y: Int32) -> Int32 {
    switch self {
    case .add: x &+ y
    case .subtract: x &- y
    case .multiply: x &* y
    case .divide: y == 0 ? 0 : x.dividedReportingOverflow(by: y).partialValue
    case .maximum, .minimum, .power, .and, .or:
      Mathematics.int32(value(Double(x), Double(y)))
    }
  }

  /// The function itself; maximum and minimum of NaN are NaN.
  public func value(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .maximum: x.isNaN || y.isNaN ? .nan : max(x, y)
    case .minimum: x.isNaN || y.isNaN ? .nan : min(x, y)
    case .power: Mathematics.pow(x, y)
    case .and: x != 0 && y != 0 ? 1 : 0
    case .or: x != 0 || y != 0 ? 1 : 0
    }
  }
}

/// The shape of an elementwise result, for sizes that are known to fit.
func broadcastSizes(_ left: [Int], _ right: [Int]) -> [Int] {
  let rank = max(left.count, right.count)
  return (0..<rank).map { axis in
    let a = axis - (rank - left.count)
    let b = axis - (rank - right.count)
    let l = a >= 0 ? left[a] : 1
    let r = b >= 0 ? right[b] : 1
    return l == 1 ? r : l
  }
}

extension Binary {
  /// The product rule and its like; where an operand stretched, the gradient is summed.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dz = upstream[0], b.type(of: node.results[0]).elementType == .float32 else {
      return [nil, nil]
    }
    let (x, y, z) = (node.operands[0], node.operands[1], node.results[0])
    let left: Value
    let right: Value
    switch self {
    case .add: (left, right) = (dz, dz)
    case .subtract: (left, right) = (dz, try b.emit(.unary(.negate), dz))
    case .multiply: (left, right) = (try b.multiply(dz, y), try b.multiply(dz, x))
    case .divide:
      left = try b.emit(.binary(.divide), dz, y)
      right = try b.emit(.unary(.negate), b.multiply(left, z))
    case .maximum, .minimum:
      // Equal operands: the left one has it all.
      let takesLeft = try b.emit(
        .compare(self == .maximum ? .greaterOrEqual : .lessOrEqual), x, y)
      left = try b.emit(.select(Select()), takesLeft, dz, b.constant(0))
      right = try b.emit(.select(Select()), takesLeft, b.constant(0), dz)
    case .power:
      let lower = try b.emit(.binary(.power), x, b.emit(.binary(.subtract), y, b.constant(1)))
      left = try b.multiply(dz, b.multiply(y, lower))
      right = try b.multiply(dz, b.multiply(z, b.emit(.unary(.logarithm), x)))
    case .and, .or: return [nil, nil]
    }
    return [
      try b.unbroadcast(left, to: b.type(of: x)), try b.unbroadcast(right, to: b.type(of: y)),
    ]
  }
}
