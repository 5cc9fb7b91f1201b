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

/// A comparison of pairs of elements: `%m = compare.less %t, %lengths`.
public enum Compare: String, OperationRule, CaseIterable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

  public static let mnemonics = allCases.map(\.mnemonic)

  /// The word in the text form.
  public var mnemonic: String { "compare.\(rawValue)" }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    guard let comparison = allCases.first(where: { $0.mnemonic == mnemonic }) else {
      throw TypeError("no comparison is called '\(mnemonic)'")
    }
    return .compare(comparison)
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    let (left, right) = (operands[0], operands[1])
    guard left.elementType == right.elementType, left.elementType != .bool else {
      throw TypeError("\(mnemonic) compares two f32 or two i32, got \(left) and \(right)")
    }
    return [TensorType(.bool, try broadcastShape(left.shape, right.shape, of: mnemonic))]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (left, right) = (operands[0], operands[1])
    return [
      HostTensor(.bool, broadcastSizes(left.shape, right.shape)) { index in
        value(left.broadcast(index), right.broadcast(index)) ? 1 : 0
      }
    ]
  }

  /// The comparison itself; every one but `notEqual` is false for NaN.
  public func value(_ x: Double, _ y: Double) -> Bool {
    switch self {
    case .equal: x == y
    case .notEqual: x != y
    case .less: x < y
    case .lessOrEqual: x <= y
    case .greater: x > y
    case .greaterOrEqual: x >= y
    }
  }
}

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

/// The same numbers as another element type: `%y = cast %x {type = f32}`.
///
/// A real number becomes an integer towards zero, the nearest there is; NaN becomes 0. Anything but
/// 0 becomes true.
public struct Cast: OperationRule {
  public static let mnemonics = ["cast"]

  /// The element type of the result.
  public let elementType: ElementType

  /// Creates a cast.
  public init(_ elementType: ElementType) { self.elementType = elementType }

  public var attributes: [Attribute] { [Attribute("type", .word(elementType.rawValue))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .cast(Cast(try attributes.word("type"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    return [TensorType(elementType, operands[0].shape)]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let values = operands[0].values.map { value in
      switch elementType {
      case .float32: value
      case .int32: Double(Mathematics.int32(value))
      case .bool: value != 0 ? 1.0 : 0
      }
    }
    return [HostTensor(elementType, operands[0].shape, values)]
  }
}
