import Sequent

/// Names the language of a word from its letters: a two-layer bidirectional LSTM over the
/// characters, its final states into a linear layer.
public struct LanguageOfWord: Model {
  /// The sizes.
  public struct Configuration: ModelConfiguration {
    /// The width of a character's vector.
    public var embedding = 48
    /// The units of the LSTM in each direction.
    public var hidden = 96
    /// The layers of the LSTM.
    public var layers = 2

    /// The sizes of the trained weights.
    public init() {}
  }

  /// The languages, in the order of the logits.
  public static let languages = ["de", "en", "es", "fr", "it", "nl", "pl", "sv"]

  /// The characters by number; 0 pads, 1 stands for all others.
  public static let characters =
    ["<pad>", "<unk>"]
    + "abcdefghijklmnopqrstuvwxyzßàáâäåçèéêëìíîïñòóôöúûüąćęłńśźż".map { String($0) }

  let embedding: Embedding
  let encoder: LSTM
  let head: Linear

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    embedding = Embedding(Self.characters.count, configuration.embedding)
    encoder = LSTM(
      configuration.embedding, configuration.hidden, layers: configuration.layers,
      bidirectional: true)
    head = Linear(2 * configuration.hidden, Self.languages.count)
  }

  /// Tokens `[batch, time]` and lengths `[batch]` to logits `[batch, languages]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let letters = embedding(inputs.tokens())
    let word = encoder(letters, lengths: inputs.lengths())
    return ["logits": head(word.final)]
  }

  /// Four passes over words of `Data/words.sh`.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 4, batch: 256, optimizer: .adamW().clipping(norm: 1),
      schedule: Schedule(.oneCycle(share: 0.3), peak: 3e-3))
  }

  /// A language for a word.
  public var task: ModelTask? {
    .classify(
      labels: Self.languages,
      text: TextEncoding(
        unit: .character, vocabulary: Self.characters, unknown: 1, isLowercased: true))
  }
}
