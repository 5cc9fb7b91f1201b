/// The rules by which a parameter follows its gradient g, with learning rate η.
public enum OptimizerRule: Codable, Hashable, Sendable {
  /// v = μ·v + g, w -= η·v; with Nesterov's look-ahead w -= η·(g + μ·v). No state when μ is 0.
  case sgd(momentum: Double, nesterov: Bool)
  /// s = α·s + (1 - α)·g², w -= η·g / (√s + ε) (Hinton, 2012).
  case rmsProp(decay: Double, epsilon: Double)
  /// s += g², w -= η·g / (√s + ε) (Duchi et al., 2011).
  case adagrad(epsilon: Double)
  /// m = β₁·m + (1 - β₁)·g, s = β₂·s + (1 - β₂)·g²,
  /// w -= η · m/(1 - β₁ᵗ) / (√(s/(1 - β₂ᵗ)) + ε) (Kingma and Ba, 2015).
  case adam(beta1: Double, beta2: Double, epsilon: Double)

  /// How many tensors of the parameter's shape are kept.
  public var stateCount: Int {
    switch self {
    case .sgd(let momentum, _): momentum == 0 ? 0 : 1
    case .rmsProp, .adagrad: 1
    case .adam: 2
    }
  }
}

/// One optimizer step of one parameter, in one pass over memory.
///
/// Operands: the parameter, its gradient, the learning rate, a factor for the gradient (clipping)
/// and the number of this step, from 1 (three f32 of rank 0), then the rule's state. Results: the
/// parameter and the state after the step. Weight decay λ adds λ·w to the gradient, or, decoupled
/// (Loshchilov and Hutter, 2019), takes η·λ·w from the parameter itself.
public struct OptimizerUpdate: OperationRule {
  public static let mnemonics = ["sgd", "rms_prop", "adagrad", "adam"]

  /// The rule.
  public let rule: OptimizerRule
  /// λ.
  public let weightDecay: Double
  /// Whether the decay acts on the parameter and not through the gradient.
  public let isDecoupled: Bool

  /// Creates a step.
  public init(_ rule: OptimizerRule, weightDecay: Double = 0, isDecoupled: Bool = false) {
    self.rule = rule
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  /// The word in the text form.
  public var mnemonic: String {
    switch rule {
    case .sgd: "sgd"
    case .rmsProp: "rms_prop"
    case .adagrad: "adagrad"
    case .adam: "adam"
    }
  }

  public var attributes: [Attribute] {
    let own: [Attribute] =
      switch rule {
      case .sgd(let momentum, let nesterov):
        [Attribute("momentum", .number(momentum)), Attribute("nesterov", .flag(nesterov))]
      case .rmsProp(let decay, let epsilon):
        [Attribute("decay", .number(decay)), Attribute("epsilon", .number(epsilon))]
      case .adagrad(let epsilon): [Attribute("epsilon", .number(epsilon))]
      case .adam(let beta1, let beta2, let epsilon):
        [
          Attribute("beta1", .number(beta1)), Attribute("beta2", .number(beta2)),
          Attribute("epsilon", .number(epsilon)),
        ]
      }
    return own + [
      Attribute("weight_decay", .number(weightDecay)), Attribute("decoupled", .flag(isDecoupled)),
    ]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    let rule: OptimizerRule
    switch mnemonic {
    case "sgd":
      rule = .sgd(
        momentum: try attributes.number("momentum"), nesterov: try attributes.flag("nesterov"))
    case "rms_prop":
      rule = .rmsProp(
        decay: try attributes.number("decay"), epsilon: try attributes.number("epsilon"))
    case "adagrad": rule = .adagrad(epsilon: try attributes.number("epsilon"))
    default:
      rule = .adam(
        beta1: try attributes.number("beta1"), beta2: try attributes.number("beta2"),
        epsilon: try attributes.number("epsilon"))
    }
    return .optimizerUpdate(
      OptimizerUpdate(
        rule, weightDecay: try attributes.number("weight_decay"),
        isDecoupled: try attributes.flag("decoupled")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(5 + rule.stateCount, operands, of: mnemonic)
    let parameter = operands[0]
    try expect(.float32, parameter, "\(mnemonic): parameter")
    for operand in [operands[1]] + operands.dropFirst(5) where operand != parameter {
      throw TypeError("\(mnemonic): \(operand) does not go with parameter \(parameter)")
    }
    for scalar in operands[2..<5] where scalar != TensorType(.float32, []) {
      throw TypeError("\(mnemonic): \(scalar) where f32[] is expected")
    }
    return [parameter] + operands.dropFirst(5)
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (rate, factor, step) = (
      operands[2].values[0], operands[3].values[0], operands[4].values[0]
    )
    var results = [operands[0]] + operands.dropFirst(5)
    for index in operands[0].values.indices {
      var w = operands[0].values[index]
      var g = operands[1].values[index] * factor
      if isDecoupled { w -= rate * weightDecay * w } else { g += weightDecay * w }
      var state = results.dropFirst().map { $0.values[index] }
      results[0].values[index] = w - rate * direction(g, &state, step)
      for (position, value) in state.enumerated() { results[position + 1].values[index] = value }
    }
    return results
  }

  /// What the learning rate is multiplied by, and the state after the step.
  private func direction(_ g: Double, _ state: inout [Double], _ step: Double) -> Double {
    switch rule {
    case .sgd(let momentum, let nesterov):
      guard momentum != 0 else { return g }
      state[0] = momentum * state[0] + g
      return nesterov ? g + momentum * state[0] : state[0]
    case .rmsProp(let decay, let epsilon):
      state[0] = decay * state[0] + (1 - decay) * g * g
      return g / (state[0].squareRoot() + epsilon)
    case .adagrad(let epsilon):
      state[0] += g * g
      return g / (state[0].squareRoot() + epsilon)
    case .adam(let beta1, let beta2, let epsilon):
      state[0] = beta1 * state[0] + (1 - beta1) * g
      state[1] = beta2 * state[1] + (1 - beta2) * g * g
      let mean = state[0] / (1 - Mathematics.pow(beta1, step))
      let square = state[1] / (1 - Mathematics.pow(beta2, step))
      return mean / (square.squareRoot() + epsilon)
    }
  }
}
