import Sequent

/// Says how a word is pronounced, as `Pronounce` does, with a Transformer (Yolchuyeva et al., 2019).
public struct PronounceTransformer: Model {
  /// The sizes, the letters and the phonemes.
  public struct Configuration: ModelConfiguration {
    /// How a word becomes letters; those of the training data take its place.
    public var source = TextEncoding.unlearned(.character, isLowercased: true)
    /// How phonemes become tokens; those of the training data take its place.
    public var text = TextEncoding.unlearned(.word, marksSequences: true)
    /// The width of a letter's or phoneme's vector.
    public var width = 256
    /// The heads of attention.
    public var heads = 4
    /// The hidden width of the feed-forward networks.
    public var feedForward = 512
    /// The layers that read, and those that say.
    public var layers = 3
    /// Which vectors stand for positions.
    public var positions = PositionKind.sinusoidal
    /// How many positions are learned, if they are.
    public var context = 64
    /// The share that is dropped, in training.
    public var dropout = 0.1

    /// Four million parameters.
    public init() {}
  }

  let network: Transformer

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    var sizes = Transformer.Configuration()
    (sizes.source, sizes.text) = (configuration.source, configuration.text)
    (sizes.width, sizes.heads) = (configuration.width, configuration.heads)
    sizes.feedForward = configuration.feedForward
    (sizes.encoderLayers, sizes.decoderLayers) = (configuration.layers, configuration.layers)
    sizes.placement = .before
    (sizes.positions, sizes.context) = (configuration.positions, configuration.context)
    sizes.dropout = configuration.dropout
    network = Transformer(sizes)
  }

  /// Letters and the phonemes so far to logits of the phonemes that follow.
  public func main(_ inputs: Inputs) -> Outputs { network.main(inputs) }

  /// What says phonemes that are not given.
  public var functions: [ModelFunction] { network.functions }

  /// The letters and phonemes of the words that it learns from.
  public static let preparation: DataPreparation? = DataPreparation(
    .sequenceToSequence, unit: .word, sourceUnit: .character, isLowercased: true)

  /// Twelve passes, in batches of words of about the same length.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 12, batch: 128, optimizer: .adamW().clipping(norm: 1),
      schedule: Schedule(.linear, peak: 1e-3, warmUp: 500))
  }

  /// Phonemes for letters.
  public var task: ModelTask? { network.task }
}
