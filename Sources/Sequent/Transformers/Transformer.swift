import SequentIR

/// An encoder-decoder of text without recurrence (Vaswani et al., 2017).
///
/// `main` says what follows each token of a target that is given; `encode` and `step` decode, with the
/// keys and values of what was said in a cache.
public struct Transformer: Model {
  /// The sizes and choices.
  public struct Configuration: ModelConfiguration {
    /// How what is read becomes tokens; that of the training data takes its place.
    public var source = TextEncoding.unlearned(.character)
    /// How what is said becomes tokens; that of the training data takes its place.
    public var text = TextEncoding.unlearned(.word, marksSequences: true)
    /// The width of a token's vector.
    public var width = 512
    /// The heads of attention.
    public var heads = 8
    /// The hidden width of the feed-forward networks.
    public var feedForward = 2048
    /// The layers that read.
    public var encoderLayers = 6
    /// The layers that say.
    public var decoderLayers = 6
    /// Where the layers normalise.
    public var placement = NormalizationPlacement.after
    /// Which vectors stand for positions.
    public var positions = PositionKind.sinusoidal
    /// The feed-forward networks' function.
    public var activation = Sequent.FeedForward.Activation.relu
    /// How many positions are learned, if they are: then no more tokens are read or said.
    ///
    /// Other positions have no limit.
    public var context = 256
    /// Whether the output's weights are the vectors of what is said.
    public var isTied = true
    /// The share that is dropped, in training.
    public var dropout = 0.1

    /// The paper's base model.
    public init() {}

    var shape: TransformerShape {
      var shape = TransformerShape(width: width, heads: heads, feedForward: feedForward)
      shape.placement = placement
      shape.activation = activation
      shape.rotaryBase = positions == .rotary ? 10_000 : nil
      shape.dropout = dropout
      return shape
    }
  }

  private let configuration: Configuration
  /// What is read: tokens and positions.
  public let sourceEmbeddings: TokenEmbedding
  /// What reads.
  public let encoder: TransformerEncoder
  /// What is said: tokens and positions.
  public let targetEmbeddings: TokenEmbedding
  /// What says.
  public let decoder: TransformerDecoder
  /// From vectors to tokens, where the weights are not the tokens' vectors.
  public let head: Linear?

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    let shape = configuration.shape
    self.configuration = configuration
    let embeddings = { (text: TextEncoding) in
      TokenEmbedding(
        text.vocabulary.count, shape, positions: configuration.positions,
        positionCount: configuration.context)
    }
    sourceEmbeddings = embeddings(configuration.source)
    targetEmbeddings = embeddings(configuration.text)
    encoder = TransformerEncoder(shape, layers: configuration.encoderLayers)
    decoder = TransformerDecoder(shape, layers: configuration.decoderLayers)
    let vocabulary = configuration.text.vocabulary.count
    head = configuration.isTied ? nil : Linear(shape.width, vocabulary, bias: false)
  }

  /// `source`, `source_lengths`, `target` and `target_lengths` to `logits`
  /// `[batch, target_time, vocabulary]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let source = inputs.tensor("source", .int32, ["batch", "source_time"])
    let lengths = inputs.tensor("source_lengths", .int32, ["batch"])
    let target = inputs.tensor("target", .int32, ["batch", "target_time"])
    let said = decoder(
      targetEmbeddings(target), over: encoder(sourceEmbeddings(source), lengths: lengths),
      lengths: inputs.tensor("target_lengths", .int32, ["batch"]), memoryLengths: lengths)
    return ["logits": logits(said)]
  }

  /// Two functions that decode: one reads sources, one a token of every row after what the cache holds.
  ///
  ///     encode: source i32 [sources, source_time], source_lengths i32 [sources]
  ///     step:   tokens, slots, past i32 [rows], table i32 [rows, keys], row_sources i32 [rows],
  ///             and the keys and values of the sources, which `encode` gives
  ///
  /// `step` gives `logits` `[rows, vocabulary]` of what follows, and `attention` `[rows, source_time]`: what
  /// the last decoder layer attends to in the source, the mean of its heads.
  public var functions: [ModelFunction] {
    [ModelFunction("encode", encode), ModelFunction("step", step)]
  }

  private func encode(_ inputs: Inputs) -> Outputs {
    let source = inputs.tensor("source", .int32, ["sources", "source_time"])
    let read = encoder(
      sourceEmbeddings(source), lengths: inputs.tensor("source_lengths", .int32, ["sources"]))
    var outputs: [(name: String, tensor: Tensor)] = []
    for (index, layer) in decoder.layers.enumerated() {
      guard let memory = layer.crossAttention.keysAndValues(read) else { continue }
      outputs.append(("memory.layer\(index).keys", memory.k))
      outputs.append(("memory.layer\(index).values", memory.v))
    }
    return Outputs(outputs)
  }

  private func step(_ inputs: Inputs) -> Outputs {
    let tokens = inputs.tensor("tokens", .int32, ["rows"]).expanded(at: 1)
    let sources = inputs.tensor("row_sources", .int32, ["rows"])
    let lengths = gather(inputs.tensor("source_lengths", .int32, ["sources"]), sources)
    let (cache, past) = KeyValueCache.ofStep(
      inputs, widths: decoder.layers.map(\.attention.cacheWidth))
    let shape = configuration.shape
    let heads = [shape.heads, shape.headWidth].map { Dimension(constant: $0) }
    let memory = decoder.layers.indices.map { index in
      let parts = ["keys", "values"].map { part in
        gather(
          inputs.tensor(
            "memory.layer\(index).\(part)", .float32, ["sources", "source_time"] + heads), sources)
      }
      return (k: parts[0], v: parts[1])
    }
    let places = positions(of: tokens, past: past)
    let said = decoder(
      targetEmbeddings(tokens, positions: places), cache, over: memory, memoryLengths: lengths,
      positions: places)
    let rows = tokens.shape[0]
    var outputs = [
      (name: "logits", tensor: logits(said.output.reshaped(to: [rows, said.output.shape[2]])))
    ]
    if let weights = said.weights {
      let mean = weights.mean(over: 1).reshaped(to: [rows, "source_time"])
      outputs.append((name: "attention", tensor: mean))
    }
    return Outputs(outputs)
  }

  private func logits(_ hidden: Tensor) -> Tensor {
    head.map { $0(hidden) } ?? targetEmbeddings.logits(hidden)
  }

  /// Batches of sequences of about the same length, the rate rising first.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 10, batch: 64, optimizer: .adamW().clipping(norm: 1),
      schedule: Schedule(.linear, peak: 1e-3, warmUp: 400))
  }

  /// What is said for what is read.
  public var task: ModelTask? {
    .sequenceToSequence(
      source: configuration.source, target: configuration.text,
      context: targetEmbeddings.positionCount)
  }
}
