/// A product with its epilogue in one kernel: `y = activation(scale · x·W + bias + residual)`.
///
///     %y = linear %x, @w, @b, %r {activation = gelu, bias = true, residual = true}
///
/// Shapes: x `[…, k]` (rank 2 or more), W `[k, n]` or with batch axes as `matmul` has them, bias
/// `[n]`, residual that of the result.
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

  public var attributes: [Attribute] {
    var result: [Attribute] = []
    if activation != .none { result.append(Attribute("activation", .word(activation.rawValue))) }
    if scale != 1 { result.append(Attribute("scale", .number(scale))) }
    if hasBias { result.append(Attribute("bias", .flag(true))) }
    if hasResidual { result.append(Attribute("residual", .flag(true))) }
    return result
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .linear(
      FusedLinear(
        activation: attributes.has("activation") ? try attributes.word("activation") : .none,
        scale: attributes.has("scale") ? try attributes.number("scale") : 1,
        hasBias: try attributes.flag("bias"), hasResidual: try attributes.flag("residual")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2 + (hasBias ? 1 : 0) + (hasResidual ? 1 : 0), operands, of: mnemonic)
    let result = try MatMul.resultType(operands[0], operands[1])
    if hasBias {
      let wanted = TensorType(.float32, [result.shape[result.rank - 1]])
      guard operands[2] == wanted else {
        throw TypeError("linear: bias is \(operands[2]), expected \(wanted)")
      }
    }
    if hasResidual, let residual = operands.last, residual != result {
      throw TypeError("linear: residual is \(residual), expected \(result)")
    }
    return [result]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var result = MatMul.product(operands[0], operands[1])
    let columns = result.shape[result.shape.count - 1]
    for index in result.values.indices {
      var value = scale * result.values[index]
      if hasBias { value += operands[2].values[index % columns] }
      if hasResidual { value += operands[operands.count - 1].values[index] }
      result.values[index] = activation.value(value)
    }
    return [result]
  }
}

// MARK: - Gradient

extension FusedLinear {
  /// dz = dy · activation'; x and W as in a product, bias and residual by dz itself.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return node.operands.map { _ in nil } }
    let dz = try slope(of: node, times: dy, &b)
    let scaled = try b.multiply(dz, scale)
    var result = try MatMul.gradient(node.operands[0], node.operands[1], scaled, &b)
    if hasBias { result.append(try b.unbroadcast(dz, to: b.type(of: node.operands[2]))) }
    if hasResidual { result.append(dz) }
    return result
  }

  /// dy · activation'(z), from the result where that is enough, else from z computed again.
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
      let linear = FusedLinear(scale: scale, hasBias: hasBias, hasResidual: hasResidual)
      let z = try b.graph.append(.linear(linear), node.operands, origin: b.origin)[0]
      return try b.multiply(dy, activation == .gelu ? b.geluSlope(z) : b.geluTanhSlope(z))
    }
  }
}

extension GradientBuilder {
  /// Φ(z) + z · φ(z).
  fileprivate mutating func geluSlope(_ z: Value) throws(TypeError) -> Value {
    let erf = try emit(.unary(.erf), multiply(z, 1 / 2.0.squareRoot()))
    let distribution = try multiply(emit(.binary(.add), erf, constant(1)), 0.5)
    let exponent = try multiply(multiply(z, z), -0.5)
    let density = try multiply(
      emit(.unary(.exponential), exponent), 1 / (2 * Double.pi).squareRoot())
    return try emit(.binary(.add), distribution, multiply(z, density))
  }

  /// With u = √(2/π)·(z + 0.044715·z³) and t = tanh u: (1 + t)/2 + z/2 · (1 - t²) · u'.
  fileprivate mutating func geluTanhSlope(_ z: Value) throws(TypeError) -> Value {
    let root = (2 / Double.pi).squareRoot()
    let square = try multiply(z, z)
    let factor = try emit(.binary(.add), multiply(square, 0.044715), constant(1))
    let t = try emit(.unary(.tanh), multiply(multiply(z, factor), root))
    let inner = try multiply(
      emit(.binary(.add), multiply(square, 3 * 0.044715), constant(1)), root)
    let half = try multiply(emit(.binary(.add), t, constant(1)), 0.5)
    let rest = try multiply(multiply(z, 0.5), multiply(oneMinus(multiply(t, t)), inner))
    return try emit(.binary(.add), half, rest)
  }
}
