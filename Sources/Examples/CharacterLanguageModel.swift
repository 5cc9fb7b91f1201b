import Sequent

/// Writes text a character at a time: an LSTM over the characters so far, whose state is carried
/// from call to call, and a linear layer to the next character.
public struct CharacterLanguageModel: Model {
  /// The sizes, and the characters.
  public struct Configuration: ModelConfiguration {
    /// How text becomes tokens; trained vocabularies take its place.
    public var text = TextEncoding(
      unit: .character,
      vocabulary: [Vocabulary.padding, Vocabulary.unknown, "\n"]
        + (0x20...0x7e as ClosedRange<UInt8>).map { String(Unicode.Scalar($0)) },
      unknown: 1)
    /// The width of a token's vector.
    public var embedding = 64
    /// The units of the LSTM.
    public var hidden = 256
    /// The layers of the LSTM.
    public var layers = 2
    /// The share that is dropped, in training, before, between and behind the layers.
    public var dropout = 0.2

    /// Printable ASCII and newlines.
    public init() {}
  }

  let text: TextEncoding
  let embedding: Embedding
  let encoder: LSTM
  let dropout: Dropout
  let head: Linear

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    text = configuration.text
    dropout = Dropout(configuration.dropout)
    embedding = Embedding(text.vocabulary.count, configuration.embedding)
    encoder = LSTM(
      configuration.embedding, configuration.hidden, layers: configuration.layers,
      dropout: dropout)
    head = Linear(configuration.hidden, text.vocabulary.count)
  }

  /// Tokens `[batch, time]` and lengths `[batch]` to logits of the tokens that follow,
  /// `[batch, time, vocabulary]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let characters = dropout(embedding(inputs.tokens()))
    let memory = inputs.state("memory", of: encoder)
    let read = encoder(characters, lengths: inputs.lengths(), initialState: memory)
    inputs.update(memory, to: read.state)
    return ["logits": head(dropout(read.output))]
  }

  /// The characters of the book that it learns from.
  public static let preparation: DataPreparation? = DataPreparation(
    .languageModel, unit: .character)

  /// Thirty-two places of the text side by side, by windows of a line or two.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 5, batch: 32, window: 100, optimizer: .adam().clipping(norm: 1),
      schedule: Schedule(.cosine, peak: 2e-3, warmUp: 100))
  }

  /// The next character.
  public var task: ModelTask? { .languageModel(text: text) }
}
