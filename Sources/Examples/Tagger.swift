import Sequent

/// Gives every word of a text a label: a bidirectional LSTM over the words' vectors, and a linear
/// layer at every word.
public struct Tagger: Model {
  /// The sizes, and the words and labels.
  public struct Configuration: ModelConfiguration {
    /// How text becomes tokens; those of the training data take its place.
    public var text = TextEncoding.unlearned(.word)
    /// The labels; those of the training data take their place.
    public var labels = ["O"]
    /// The width of a word's vector.
    public var embedding = 100
    /// The units of the LSTM in each direction.
    public var hidden = 128
    /// The layers of the LSTM.
    public var layers = 2
    /// The share that is dropped, in training, before, between and behind the layers.
    public var dropout = 0.3

    /// No words yet.
    public init() {}
  }

  let text: TextEncoding
  let labels: [String]
  let embedding: Embedding
  let encoder: LSTM
  let dropout: Dropout
  let head: Linear

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    (text, labels) = (configuration.text, configuration.labels)
    dropout = Dropout(configuration.dropout)
    embedding = Embedding(text.vocabulary.count, configuration.embedding)
    encoder = LSTM(
      configuration.embedding, configuration.hidden, layers: configuration.layers,
      bidirectional: true, dropout: dropout)
    head = Linear(2 * configuration.hidden, labels.count)
  }

  /// Tokens `[batch, time]` and lengths `[batch]` to logits `[batch, time, labels]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let words = dropout(embedding(inputs.tokens()))
    let read = encoder(words, lengths: inputs.lengths())
    return ["logits": head(dropout(read.output))]
  }

  /// The words that occur more than once, and the labels, of what it learns from.
  public static let preparation: DataPreparation? = DataPreparation(
    .tag, unit: .word, isLowercased: true, minimumCount: 2)

  /// A few passes in batches of thirty-two.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 6, batch: 32, optimizer: .adamW().clipping(norm: 1),
      schedule: Schedule(.oneCycle(share: 0.3), peak: 3e-3))
  }

  /// A label for every word.
  public var task: ModelTask? { .tag(labels: labels, text: text) }
}
