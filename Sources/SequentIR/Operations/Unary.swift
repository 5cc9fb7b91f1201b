/// A function of each element: `%y = tanh %x`.
public enum Unary: String, OperationRule, CaseIterable {
  case negate, absolute, exponential, logarithm, squareRoot, reciprocal, sine, cosine, floor, sign
  case tanh, sigmoid, relu, erf, not

  public static let mnemonics = allCases.map(\.mnemonic)

  /// The word in the text form.
  public var mnemonic: String {
    switch self {
    case .absolute: "abs"
    case .exponential: "exp"
    case .logarithm: "log"
    case .squareRoot: "sqrt"
    case .sine: "sin"
    case .cosine: "cos"
    default: rawValue
    }
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    guard let function = allCases.first(where: { $0.mnemonic == mnemonic }) else {
      throw TypeError("no function is called '\(mnemonic)'")
    }
    return .unary(function)
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    try expect(self == .not ? .bool : .float32, operands[0], "\(mnemonic): operand")
    return operands
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let operand = operands[0]
    return [HostTensor(operand.elementType, operand.shape, operand.values.map(value))]
  }

  /// The function itself.
  public func value(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .absolute: abs(x)
    case .exponential: Mathematics.exp(x)
    case .logarithm: Mathematics.log(x)
    case .squareRoot: x.squareRoot()
    case .reciprocal: 1 / x
    case .sine: Mathematics.sin(x)
    case .cosine: Mathematics.cos(x)
    case .floor: x.rounded(.down)
    case .sign: x > 0 ? 1 : (x < 0 ? -1 : x)
    case .tanh: Mathematics.tanh(x)
    case .sigmoid: 1 / (1 + Mathematics.exp(-x))
    case .relu: x < 0 ? 0 : x
    case .erf: Mathematics.erf(x)
    case .not: x == 0 ? 1 : 0
    }
  }
}
