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

// MARK: - Gradient

extension Unary {
  /// dx = f'(x) · dy, f' by the result y where that is cheaper.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    let (x, y) = (node.operands[0], node.results[0])
    switch self {
    case .negate: return [try b.emit(.unary(.negate), dy)]
    case .absolute: return [try b.multiply(dy, b.emit(.unary(.sign), x))]
    case .exponential: return [try b.multiply(dy, y)]
    case .logarithm: return [try b.emit(.binary(.divide), dy, x)]
    case .squareRoot: return [try b.emit(.binary(.divide), b.multiply(dy, 0.5), y)]
    case .reciprocal:
      return [try b.emit(.unary(.negate), b.multiply(dy, b.multiply(y, y)))]
    case .sine: return [try b.multiply(dy, b.emit(.unary(.cosine), x))]
    case .cosine:
      return [try b.emit(.unary(.negate), b.multiply(dy, b.emit(.unary(.sine), x)))]
    case .tanh: return [try b.multiply(dy, b.oneMinus(b.multiply(y, y)))]
    case .sigmoid: return [try b.multiply(b.multiply(dy, y), b.oneMinus(y))]
    case .relu:
      let isPositive = try b.emit(.compare(.greater), x, b.constant(0))
      return [try b.emit(.select(Select()), isPositive, dy, b.constant(0))]
    case .erf:
      // erf' = 2/√π · e^(-x²)
      let square = try b.emit(.unary(.negate), b.multiply(x, x))
      let slope = try b.multiply(
        b.emit(.unary(.exponential), square), 2 / Double.pi.squareRoot())
      return [try b.multiply(dy, slope)]
    case .floor, .sign, .not: return [nil]
    }
  }
}

extension GradientBuilder {
  /// 1 - x.
  mutating func oneMinus(_ x: Value) throws(TypeError) -> Value {
    try emit(.binary(.subtract), constant(1), x)
  }
}
