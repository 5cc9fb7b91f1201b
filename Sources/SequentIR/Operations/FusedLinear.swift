/// A product with its epilogue in one kernel: `y = activation(scale · x·W + bias + residual)`.
///
///     %y = linear %x, @w, @b, %r {activation = gelu, bias = true, residual = true}
///
/// With `factor`, the last operand multiplies the result instead of being added. With `slope`,
/// activation' at the same places is a second result: all that the gradient needs to know of where the
/// activation was applied.
///
/// Shapes: x `[…, k]` (rank 2 or more), W `[k, n]` or with batch axes as `matmul` has them, bias
/// `[n]`, residual and factor that of the result.
public struct FusedLinear: OperationRule {
  public static let mnemonics = ["linear"]

  /// The function applied last.
  public let activation: Activation
  /// What the product is multiplied by before the bias is added.
  public let scale: Double
  /// Whether there is a bias.
  public let hasBias: Bool
  /// Whether something is added.
  public let hasResidual: Bool
  /// Whether the activation's result is multiplied by something: then nothing is added.
  public private(set) var hasFactor = false
  /// Whether the activation's derivative is a result too.
  public private(set) var givesSlope = false

  /// Creates a product with an epilogue.
  public init(
    activation: Activation = .none, scale: Double = 1, hasBias: Bool = false,
    hasResidual: Bool = false
  ) {
    self.activation = activation
    self.scale = scale
    self.hasBias = hasBias
    self.hasResidual = hasResidual
  }

  /// The same, with what the gradient needs and can't have from the result.
  public var savingSlope: FusedLinear {
    var result = self
    result.givesSlope = activation == .gelu || activation == .geluTanh
    return result
  }

  /// The same times a last operand, for one without a residual.
  public var timesFactor: FusedLinear {
    var result = self
    result.hasFactor = !hasResidual && !givesSlope
    return result
  }

  /// The same without the factor.
  public var withoutFactor: FusedLinear {
    var result = self
    result.hasFactor = false
    return result
  }

  public var attributes: [Attribute] {
    var result: [Attribute] = []
    if activation != .none { result.append(Attribute("activation", .word(activation.rawValue))) }
    if scale != 1 { result.append(Attribute("scale", .number(scale))) }
    if hasBias { result.append(Attribute("bias", .flag(true))) }
    if hasResidual { result.append(Attribute("residual", .flag(true))) }
    if hasFactor { result.append(Attribute("factor", .flag(true))) }
    if givesSlope { result.append(Attribute("slope", .flag(true))) }
    return result
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    var linear = FusedLinear(
      activation: attributes.has("activation") ? try attributes.word("activation") : .none,
      scale: attributes.has("scale") ? try attributes.number("scale") : 1,
      hasBias: try attributes.flag("bias"), hasResidual: try attributes.flag("residual"))
    if try attributes.flag("factor") {
      linear = linear.timesFactor
      guard linear.hasFactor else {
        throw TypeError("linear: a factor and a residual can't be had at once")
      }
    }
    guard try attributes.flag("slope") else { return .linear(linear) }
    guard !linear.hasFactor else {
      throw TypeError("linear: a factor and the slope can't be had at once")
    }
    guard linear.savingSlope.givesSlope else {
      throw TypeError("linear: the slope of \(linear.activation.rawValue) is not given beside it")
    }
    return .linear(linear.savingSlope)
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2 + (hasBias ? 1 : 0) + (hasResidual || hasFactor ? 1 : 0), operands, of: mnemonic)
    let result = try MatMul.resultType(operands[0], operands[1])
    if hasBias {
      let wanted = TensorType(.float32, [result.shape[result.rank - 1]])
      guard operands[2] == wanted else {
        throw TypeError("linear: bias is \(operands[2]), expected \(wanted)")
      }
    }
    if hasResidual || hasFactor, let last = operands.last, last != result {
      let word = hasFactor ? "factor" : "residual"
      throw TypeError("linear: \(word) is \(last), expected \(result)")
    }
    return givesSlope ? [result, result] : [result]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var result = MatMul.product(operands[0], operands[1])
    var slope = result
    let columns = result.shape[result.shape.count - 1]
    for index in result.values.indices {
      var value = scale * result.values[index]
      if hasBias { value += operands[2].values[index % columns] }
      if hasResidual { value += operands[operands.count - 1].values[index] }
      result.values[index] = activation.value(value)
      if hasFactor { result.values[index] *= operands[operands.count - 1].values[index] }
      if givesSlope { slope.values[index] = activation.slope(value) }
    }
    return givesSlope ? [result, slope] : [result]
  }
}

// MARK: - Gradient

extension FusedLinear {
  /// dz = dy · activation'; x and W as in a product, bias and residual by dz itself.
  ///
  /// A factor's own gradient needs what it multiplied: it is taken out before.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard !hasFactor else { throw TypeError("linear: the factor was not taken out") }
    guard let dy = upstream[0] else { return node.operands.map { _ in nil } }
    let dz = try slope(of: node, times: dy, &b)
    let scaled = try b.multiply(dz, scale)
    var result = try MatMul.gradient(node.operands[0], node.operands[1], scaled, &b)
    if hasBias { result.append(try b.unbroadcast(dz, to: b.type(of: node.operands[2]))) }
    if hasResidual { result.append(dz) }
    return result
  }

  /// dy · activation'(z), from the result where that is enough.
  private func slope(
    of node: Node, times dy: Value, _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    let y = node.results[0]
    switch activation {
    case .none: return dy
    case .relu:
      let isPositive = try b.emit(.compare(.greater), y, b.constant(0))
      return try b.emit(.select(Select()), isPositive, dy, b.constant(0))
    case .sigmoid: return try b.multiply(b.multiply(dy, y), b.oneMinus(y))
    case .tanh: return try b.multiply(dy, b.oneMinus(b.multiply(y, y)))
    case .gelu, .geluTanh:
      guard givesSlope else {
        throw TypeError("linear: the slope of \(activation.rawValue) was not saved")
      }
      return try b.multiply(dy, node.results[1])
    }
  }
}
