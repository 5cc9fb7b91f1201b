import Sequent

/// Says how a word is pronounced: a bidirectional LSTM reads its letters, and an LSTM that attends to
/// them says phoneme after phoneme (Bahdanau et al., 2015; Toshniwal and Livescu, 2016).
public struct Pronounce: Model {
  /// The sizes, the letters and the phonemes.
  public struct Configuration: ModelConfiguration {
    /// How a word becomes letters; those of the training data take its place.
    public var source = TextEncoding.unlearned(.character, isLowercased: true)
    /// How phonemes become tokens; those of the training data take its place.
    public var text = TextEncoding.unlearned(.word, marksSequences: true)
    /// The width of a letter's or phoneme's vector.
    public var embedding = 64
    /// The units of the LSTM that reads, in each direction.
    public var encoder = 128
    /// The units of the LSTM that says.
    public var decoder = 256
    /// The layers of each.
    public var layers = 1
    /// The hidden units of the attention.
    public var attention = 256
    /// How the one is told what the other has read.
    public var guidance = DecoderGuidance.bahdanau
    /// The share that is dropped, in training.
    public var dropout = 0.2
    /// The share of steps, at the end of training, that read what the model said itself.
    public var feedback = 0.0

    /// A million parameters.
    public init() {}
  }

  let configuration: Configuration
  let network: EncoderDecoder<LSTMCell, AdditiveScore>

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let (dropout, read) = (Dropout(configuration.dropout), 2 * configuration.encoder)
    network = EncoderDecoder(
      sourceVocabulary: configuration.source.vocabulary.count,
      targetVocabulary: configuration.text.vocabulary.count, embedding: configuration.embedding,
      encoder: LSTM(
        configuration.embedding, configuration.encoder, layers: configuration.layers,
        bidirectional: true, dropout: dropout),
      decoder: RecurrentDecoder(
        input: configuration.embedding, memory: read, layers: configuration.layers,
        guidance: configuration.guidance,
        attention: Attention(
          .additive(query: configuration.decoder, memory: read, units: configuration.attention)),
        dropout: dropout
      ) { LSTMCell($0, configuration.decoder) },
      dropout: dropout, feedbackShare: configuration.feedback)
  }

  /// Letters and the phonemes so far to logits of the phonemes that follow.
  public func main(_ inputs: Inputs) -> Outputs { network.main(inputs) }

  /// What says phonemes that are not given.
  public var functions: [ModelFunction] { network.functions }

  /// The letters and phonemes of the words that it learns from.
  public static let preparation: DataPreparation? = DataPreparation(
    .sequenceToSequence, unit: .word, sourceUnit: .character, isLowercased: true)

  /// Eight passes, in batches of words of about the same length.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 8, batch: 128, optimizer: .adam().clipping(norm: 1),
      schedule: Schedule(.linear, peak: 2e-3))
  }

  /// Phonemes for letters.
  public var task: ModelTask? {
    .sequenceToSequence(source: configuration.source, target: configuration.text)
  }
}
