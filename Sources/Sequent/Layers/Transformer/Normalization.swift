import SequentIR

/// x / √(mean(x²) + ε) · w over the last axis (Zhang and Sennrich, 2019).
public struct RMSNorm: Layer {
  /// The scale, `[width]`.
  public let weight: Weight
  /// What keeps the root away from zero.
  public let epsilon: Double

  /// Creates a normalisation.
  public init(_ width: Int, epsilon: Double = 1e-6) {
    weight = .vector(width, initializer: .ones)
    self.epsilon = epsilon
  }

  /// The normalised tensor.
  public func forward(_ x: Tensor) -> Tensor {
    x / sqrt((x * x).mean(over: -1, keepingAxis: true) + epsilon) * weight
  }
}

/// Which normalisation a Transformer's layers have.
public enum NormalizationKind: String, Codable, Hashable, Sendable {
  /// `LayerNorm`.
  case layer
  /// `RMSNorm`.
  case rootMeanSquare

  func make(_ width: Int, epsilon: Double) -> any Layer {
    switch self {
    case .layer: LayerNorm(width, epsilon: epsilon)
    case .rootMeanSquare: RMSNorm(width, epsilon: epsilon)
    }
  }
}

/// Where the layers of a Transformer normalise, f being attention or the feed-forward network.
public enum NormalizationPlacement: String, Codable, Hashable, Sendable {
  /// x + f(norm(x)): GPT-2, and one more norm behind the last layer.
  case before
  /// norm(x + f(x)): the paper, BERT.
  case after
  /// x + f(x).
  case none
}
