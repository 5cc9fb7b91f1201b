import SequentCompiler
import SequentIR

/// How parameters follow their gradients, by the names that papers and other libraries use.
public struct Optimizer: Codable, Hashable, Sendable {
  /// The rule with its numbers.
  public var options: OptimizerOptions

  private init(_ rule: OptimizerRule, weightDecay: Double, isDecoupled: Bool = false) {
    options = OptimizerOptions(rule, weightDecay: weightDecay, isDecoupled: isDecoupled)
  }

  /// Stochastic gradient descent, with momentum and Nesterov's look-ahead if asked for.
  public static func sgd(
    momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0
  ) -> Optimizer {
    Optimizer(.sgd(momentum: momentum, nesterov: nesterov), weightDecay: weightDecay)
  }

  /// RMSprop (Hinton, 2012).
  public static func rmsProp(
    decay: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0
  ) -> Optimizer {
    Optimizer(.rmsProp(decay: decay, epsilon: epsilon), weightDecay: weightDecay)
  }

  /// Adagrad (Duchi et al., 2011).
  public static func adagrad(epsilon: Double = 1e-10, weightDecay: Double = 0) -> Optimizer {
    Optimizer(.adagrad(epsilon: epsilon), weightDecay: weightDecay)
  }

  /// Adam (Kingma and Ba, 2015).
  public static func adam(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
  ) -> Optimizer {
    Optimizer(
      .adam(beta1: beta1, beta2: beta2, epsilon: epsilon), weightDecay: weightDecay)
  }

  /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019); vectors are not decayed.
  public static func adamW(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) -> Optimizer {
    Optimizer(
      .adam(beta1: beta1, beta2: beta2, epsilon: epsilon), weightDecay: weightDecay,
      isDecoupled: true)
  }

  /// The same optimizer with gradients clipped: by their norm together, by each element, or both.
  public func clipping(norm: Double? = nil, value: Double? = nil) -> Optimizer {
    var result = self
    result.options.maximumNorm = norm
    result.options.maximumValue = value
    return result
  }
}
