import SequentIR

/// A bidirectional encoder of text (Devlin et al., 2019) and what is made of its last layer: an
/// embedding of the text, a label for it or for each of its tokens, or the tokens themselves.
public struct BERT: Model {
  /// What the model gives.
  public enum Head: String, Codable, Hashable, Sendable {
    /// `hidden` `[batch, time, width]`: the last layer.
    case none
    /// `embedding` `[batch, width]`: the tokens' mean, or the first token's vector.
    case embedding
    /// `logits` `[batch, labels]`.
    case classification
    /// `logits` `[batch, time, labels]`.
    case labelling
    /// `logits` `[batch, time, vocabulary]`.
    case maskedLanguageModel
  }

  /// How the tokens' vectors become the text's.
  public enum Pooling: String, Codable, Hashable, Sendable {
    case mean, first
  }

  /// The sizes and choices.
  public struct Configuration: ModelConfiguration {
    /// How many tokens there are.
    public var vocabulary = 30_522
    /// The width of a token's vector.
    public var width = 768
    /// The layers.
    public var layers = 12
    /// The heads of attention.
    public var heads = 12
    /// The hidden width of the feed-forward networks.
    public var feedForward = 3072
    /// How long a text may be.
    public var positions = 512
    /// How many segments a text may have.
    public var segments = 2
    /// Whether the segments are an input; otherwise all tokens are of the first.
    public var takesSegments = false
    /// The feed-forward networks' function.
    public var activation = Sequent.FeedForward.Activation.gelu
    /// What keeps normalisations' roots away from zero.
    public var epsilon = 1e-12
    /// The share that is dropped, in training.
    public var dropout = 0.1
    /// What the model gives.
    public var head = Head.embedding
    /// How an embedding is made.
    public var pooling = Pooling.mean
    /// Whether an embedding has length 1.
    public var isNormalized = true
    /// What a text or token is labelled with.
    public var labels: [String] = []
    /// How text becomes tokens, if the model is to read text.
    public var text: TextEncoding?

    /// BERT-base.
    public init() {}

    var shape: TransformerShape {
      var shape = TransformerShape(width: width, heads: heads, feedForward: feedForward)
      shape.activation = activation
      shape.epsilon = epsilon
      shape.dropout = dropout
      shape.initialization = .matrices(.truncatedNormal(deviation: 0.02))
      return shape
    }
  }

  private let configuration: Configuration
  /// Tokens, positions and segments.
  public let embeddings: TokenEmbedding
  /// The layers.
  public let encoder: TransformerEncoder
  /// What the first token's vector goes through before it is classified.
  public let pooler: Linear?
  /// From vectors to labels.
  public let classifier: Linear?
  /// From vectors to tokens.
  public let prediction: TokenPrediction?

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    let shape = configuration.shape
    self.configuration = configuration
    embeddings = TokenEmbedding(
      configuration.vocabulary, shape, positions: .learned,
      positionCount: configuration.positions, segments: configuration.segments,
      isNormalized: true)
    encoder = TransformerEncoder(shape, layers: configuration.layers)
    let head = configuration.head
    let isLabelled = head == .classification || head == .labelling
    pooler = head == .classification ? shape.linear(shape.width, shape.width) : nil
    classifier = isLabelled ? shape.linear(shape.width, configuration.labels.count) : nil
    prediction =
      head == .maskedLanguageModel ? TokenPrediction(configuration.vocabulary, shape) : nil
  }

  /// Tokens `[batch, time]` and lengths `[batch]` to what the head gives.
  public func main(_ inputs: Inputs) -> Outputs {
    let (tokens, lengths) = (inputs.tokens(), inputs.lengths())
    let segments = configuration.takesSegments ? inputs.tokens("segments") : nil
    let hidden = encoder(embeddings(tokens, segments: segments), lengths: lengths)
    let dropout = Dropout(configuration.dropout)
    switch configuration.head {
    case .none: return ["hidden": hidden]
    case .embedding: return ["embedding": embedding(hidden, lengths)]
    case .classification:
      guard let pooler, let classifier else { return [:] }
      return ["logits": classifier(dropout(tanh(pooler(first(hidden, lengths)))))]
    case .labelling:
      guard let classifier else { return [:] }
      return ["logits": classifier(dropout(hidden))]
    case .maskedLanguageModel:
      guard let prediction else { return [:] }
      return ["logits": prediction(hidden, embeddings)]
    }
  }

  /// The first token's vector; zeros for a row without tokens.
  private func first(_ hidden: Tensor, _ lengths: Tensor) -> Tensor {
    let one = lengths.emit(.binary(.minimum), [lengths.scalar(1)])
    return Sequent.Pooling.last(hidden, lengths: one)
  }

  private func embedding(_ hidden: Tensor, _ lengths: Tensor) -> Tensor {
    let pooled =
      configuration.pooling == .mean
      ? Sequent.Pooling.mean(hidden, lengths: lengths) : first(hidden, lengths)
    guard configuration.isNormalized else { return pooled }
    let length = sqrt((pooled * pooled).sum(over: -1, keepingAxis: true))
    return pooled / maximum(length, length.scalar(1e-12))
  }

  /// Four passes with a small rate: for weights that were trained before.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 4, batch: 32, optimizer: .adamW().clipping(norm: 1),
      schedule: Schedule(.linear, peak: 5e-5, warmUp: 100))
  }

  /// Labels, where there are any.
  public var task: ModelTask? {
    guard let text = configuration.text else { return nil }
    switch configuration.head {
    case .classification: return .classify(labels: configuration.labels, text: text)
    case .labelling: return .tag(labels: configuration.labels, text: text)
    case .maskedLanguageModel: return .tag(labels: text.vocabulary, text: text)
    case .embedding: return .embed(text: text)
    case .none: return nil
    }
  }
}

/// From a token's vector to what the token may be: gelu(x · W + b), normalised, times the tokens' own
/// vectors, plus a bias for every token.
public struct TokenPrediction: Sendable {
  /// W and b.
  public let transform: Linear
  /// The normalisation.
  public let norm: any Layer
  /// The tokens' biases, `[vocabulary]`.
  public let bias: Weight
  private let activation: FeedForward.Activation

  init(_ vocabulary: Int, _ shape: TransformerShape) {
    transform = shape.linear(shape.width, shape.width)
    norm = shape.norm()
    bias = .vector(vocabulary)
    activation = shape.activation
  }

  /// Vectors `[…, width]` to logits `[…, vocabulary]`.
  public func callAsFunction(
    _ x: Tensor, _ embeddings: TokenEmbedding, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      embeddings.logits(norm(activation(transform(x)))) + bias
    }
  }
}
