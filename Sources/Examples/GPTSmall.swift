import Sequent

/// Writes text by byte pairs: a small GPT over the tokens so far.
public struct GPTSmall: Model {
  /// The sizes, and the tokens.
  public struct Configuration: ModelConfiguration {
    /// How text becomes tokens; trained vocabularies take its place.
    public var text = TextEncoding(
      unit: .character,
      vocabulary: [Vocabulary.padding, Vocabulary.unknown, "\n"]
        + (0x20...0x7e as ClosedRange<UInt8>).map { String(Unicode.Scalar($0)) },
      unknown: 1)
    /// The width of a token's vector.
    public var width = 192
    /// The heads of attention.
    public var heads = 6
    /// The layers.
    public var layers = 4
    /// The hidden width of the feed-forward networks.
    public var feedForward = 768
    /// Which vectors stand for positions.
    public var positions = PositionKind.rotary
    /// How many positions are learned, if they are.
    public var context = 1024
    /// The share that is dropped, in training.
    public var dropout = 0.1

    /// Two million parameters.
    public init() {}
  }

  let network: GPT

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    var sizes = GPT.Configuration()
    sizes.text = configuration.text
    (sizes.width, sizes.heads) = (configuration.width, configuration.heads)
    (sizes.layers, sizes.feedForward) = (configuration.layers, configuration.feedForward)
    (sizes.context, sizes.positions) = (configuration.context, configuration.positions)
    sizes.dropout = configuration.dropout
    network = GPT(sizes)
  }

  /// Tokens `[batch, time]` and lengths `[batch]` to logits of the tokens that follow,
  /// `[batch, time, vocabulary]`.
  public func main(_ inputs: Inputs) -> Outputs { network.main(inputs) }

  /// What reads with a cache.
  public var functions: [ModelFunction] { network.functions }

  /// The byte pairs of the book that it learns from.
  public static let preparation: DataPreparation? = DataPreparation(
    .languageModel, unit: .bytePair, maximumSize: 2048)

  /// Sixteen places of the text side by side.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 3, batch: 16, window: 128, optimizer: .adamW().clipping(norm: 1),
      schedule: Schedule(.cosine, peak: 2e-3, warmUp: 200))
  }

  /// The next token.
  public var task: ModelTask? { network.task }
}
