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
