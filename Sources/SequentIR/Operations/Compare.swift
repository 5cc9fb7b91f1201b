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
