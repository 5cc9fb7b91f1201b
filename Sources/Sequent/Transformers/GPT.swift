import SequentIR

/// A decoder of text that sees what comes before (Radford et al., 2019): GPT-2's shape, or with other
/// options that of Llama (Touvron et al., 2023).
public struct GPT: Model {
  /// The sizes and choices.
  public struct Configuration: ModelConfiguration {
    /// How many tokens there are.
    public var vocabulary = 50_257
    /// The width of a token's vector.
    public var width = 768
    /// The layers.
    public var layers = 12
    /// The heads of attention.
    public var heads = 12
    /// The heads of keys and values; those of attention by default.
    public var keyHeads: Int?
    /// The hidden width of the feed-forward networks.
    public var feedForward = 3072
    /// How many positions are learned, if they are: then the model sees no more tokens.
    ///
    /// Other positions have no limit.
    public var context = 1024
    /// Which vectors stand for positions.
    public var positions = PositionKind.learned
    /// The base of rotary positions.
    public var rotaryBase = 10_000.0
    /// The feed-forward networks' function.
    public var activation = Sequent.FeedForward.Activation.geluTanh
    /// Whether the feed-forward networks are gated.
    public var isGated = false
    /// The normalisation.
    public var normalization = NormalizationKind.layer
    /// What keeps normalisations' roots away from zero.
    public var epsilon = 1e-5
    /// Whether linear layers add a bias.
    public var hasBias = true
    /// Whether the weights of queries, keys and values are one matrix.
    public var isJoint = true
    /// Whether the output's weights are the tokens' vectors.
    public var isTied = true
    /// The share that is dropped, in training.
    public var dropout = 0.1
    /// How text becomes tokens, if the model is to read text; its vocabulary's size is the model's.
    public var text: TextEncoding?

    /// GPT-2 small.
    public init() {}

    var shape: TransformerShape {
      var shape = TransformerShape(width: width, heads: heads, feedForward: feedForward)
      shape.keyHeads = keyHeads
      shape.activation = activation
      shape.isGated = isGated
      shape.normalization = normalization
      shape.placement = .before
      shape.epsilon = epsilon
      shape.hasBias = hasBias
      shape.isJoint = isJoint
      shape.rotaryBase = positions == .rotary ? rotaryBase : nil
      shape.dropout = dropout
      shape.initialization = .matrices(.normal(deviation: 0.02))
      return shape
    }
  }

  private let configuration: Configuration
  /// Tokens and positions.
  public let embeddings: TokenEmbedding
  /// The layers.
  public let decoder: TransformerEncoder
  /// From vectors to tokens, where the weights are not the tokens' vectors.
  public let head: Linear?

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    let shape = configuration.shape
    let vocabulary = configuration.text?.vocabulary.count ?? configuration.vocabulary
    self.configuration = configuration
    embeddings = TokenEmbedding(
      vocabulary, shape, positions: configuration.positions, positionCount: configuration.context)
    decoder = TransformerEncoder(shape, layers: configuration.layers)
    head =
      configuration.isTied
      ? nil : Linear(shape.width, vocabulary, bias: false, initialization: shape.initialization)
  }

  /// Tokens `[batch, time]` and lengths `[batch]` to logits of the tokens that follow,
  /// `[batch, time, vocabulary]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let hidden = decoder(
      embeddings(inputs.tokens()), lengths: inputs.lengths(), isCausal: true)
    return ["logits": logits(hidden)]
  }

  /// `prefill` reads the beginnings of rows, `step` a token of every row after them; both keep keys and
  /// values in one cache, and give the logits of what follows each row, `[rows, vocabulary]`.
  ///
  /// `choose` is `step` for who wants no more than the most probable token, `[rows]`: that takes fewer
  /// weights than all logits. Those can be had later, many at once, by `head`, of the vector that stands
  /// before them.
  ///
  ///     prefill: tokens, slots i32 [rows, time], lengths i32 [rows] → logits
  ///     step:    tokens, slots, past i32 [rows], table i32 [rows, keys] → logits
  ///     choose:  the same → token, hidden [rows, width]
  ///     head:    hidden → logits
  public var functions: [ModelFunction] {
    let widths = decoder.layers.map(\.attention.cacheWidth)
    return [
      ModelFunction("prefill") { inputs in
        let tokens = inputs.tensor("tokens", .int32, ["rows", "time"])
        let lengths = inputs.tensor("lengths", .int32, ["rows"])
        let cache = KeyValueCache(
          inputs, widths: widths, slots: inputs.tensor("slots", .int32, ["rows", "time"]),
          lengths: lengths)
        let hidden = decoder(embeddings(tokens), cache)
        return ["logits": logits(Pooling.last(hidden, lengths: lengths))]
      },
      ModelFunction("step") { inputs in ["logits": logits(step(inputs, widths))] },
      ModelFunction("choose") { inputs in
        let hidden = step(inputs, widths)
        return ["token": logits(hidden).argmax(over: 1), "hidden": hidden]
      },
      ModelFunction("head") { inputs in
        let width = Dimension(constant: configuration.width)
        return ["logits": logits(inputs.tensor("hidden", .float32, ["rows", width]))]
      },
    ]
  }

  /// What stands before the logits of what follows a token of every row, `[rows, width]`.
  private func step(_ inputs: Inputs, _ widths: [Int]) -> Tensor {
    let tokens = inputs.tensor("tokens", .int32, ["rows"]).expanded(at: 1)
    let (cache, past) = KeyValueCache.ofStep(inputs, widths: widths)
    let places = positions(of: tokens, past: past)
    let hidden = decoder(embeddings(tokens, positions: places), cache, positions: places)
    return hidden.reshaped(to: [tokens.shape[0], hidden.shape[2]])
  }

  private func logits(_ hidden: Tensor) -> Tensor {
    head.map { $0(hidden) } ?? embeddings.logits(hidden)
  }

  /// Windows of two hundred and fifty-six tokens.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 5, batch: 16, window: min(256, configuration.context),
      optimizer: .adamW().clipping(norm: 1), schedule: Schedule(.cosine, peak: 1e-3, warmUp: 200))
  }

  /// The next token.
  public var task: ModelTask? {
    configuration.text.map { .languageModel(text: $0, context: embeddings.positionCount) }
  }
}
