import SequentIR

/// The sizes and choices that the layers of a Transformer share.
public struct TransformerShape: Codable, Hashable, Sendable {
  /// The width of a token's vector.
  public var width = 512
  /// The heads of attention.
  public var heads = 8
  /// The heads of keys and values, shared by groups of the queries' heads; `heads` by default.
  public var keyHeads: Int?
  /// The hidden width of the feed-forward network.
  public var feedForward = 2048
  /// The feed-forward network's function.
  public var activation = FeedForward.Activation.relu
  /// Whether the feed-forward network is gated.
  public var isGated = false
  /// The normalisation.
  public var normalization = NormalizationKind.layer
  /// Where the layers normalise.
  public var placement = NormalizationPlacement.after
  /// What keeps normalisations' roots away from zero.
  public var epsilon = 1e-5
  /// Whether linear layers add a bias.
  public var hasBias = true
  /// Whether the weights of queries, keys and values are one matrix.
  public var isJoint = false
  /// The base of rotary positions, if queries and keys have them.
  public var rotaryBase: Double?
  /// The share that is dropped of every layer's result, in training.
  public var dropout = 0.0
  /// How matrices are drawn.
  public var initialization = Initialization.keras

  /// The paper's base model.
  public init() {}

  /// The paper's layers in other sizes.
  public init(width: Int, heads: Int, feedForward: Int) {
    self.width = width
    self.heads = heads
    self.feedForward = feedForward
  }

  /// The width of a head.
  public var headWidth: Int { width / max(heads, 1) }

  func linear(_ input: Int, _ output: Int) -> Linear {
    Linear(input, output, bias: hasBias, initialization: initialization)
  }

  func norm() -> any Layer { normalization.make(width, epsilon: epsilon) }
}
