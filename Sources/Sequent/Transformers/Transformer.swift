import SequentIR

/// An encoder-decoder of text without recurrence (Vaswani et al., 2017).
///
/// `main` says what follows each token of a target that is given; `encode` and `step` decode, with the
/// keys and values of what was said as states.
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
    /// How many tokens are said at most.
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

  /// `encode` and `step`: the keys and values of what was read are memory, those of what was said
  /// states `[rows, context, width]`.
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
    let past = inputs.tensor("past", .int32, ["rows"])
    let places = positions(of: tokens, past: past)
    var y = targetEmbeddings(tokens, positions: places)
    for (index, layer) in decoder.layers.enumerated() {
      let memory = ["keys", "values"].map { name in
        gather(
          inputs.tensor(
            "memory.layer\(index).\(name)", .float32,
            ["sources", "source_time"] + headShape), sources)
      }
      y = layer.run(
        y, { attend($0, layer.attention, "state.layer\(index)", past, places, inputs) },
        { layer.crossAttention.attend($0, over: (memory[0], memory[1]), lengths: lengths) })
    }
    inputs.update(past, to: past + 1)
    let said = decoder.norm.map { $0(y) } ?? y
    return ["logits": logits(said.reshaped(to: [tokens.shape[0], said.shape[2]]))]
  }

  /// Attention of one token of every row to those before it, whose keys and values are states.
  private func attend(
    _ x: Tensor, _ attention: MultiHeadAttention, _ name: String, _ past: Tensor, _ places: Tensor,
    _ inputs: Inputs
  ) -> Tensor {
    guard let new = attention.project(x, positions: places) else { return x.withoutValue }
    let context = Dimension(constant: configuration.context)
    let slots = x.trace.emit(
      .iota(Iota(shape: [context], axis: 0)), [], names: ["slot"], at: nil)[0]
    let isNew = (slots .== past.expanded(at: 1)).expanded(at: 2).expanded(at: 3)
    let cached = [("keys", new.k), ("values", new.v)].map { part, tensor in
      let state = inputs.state("\(name).\(part)", ["rows", context] + headShape)
      let updated = select(isNew, tensor, state)
      inputs.update(state, to: updated)
      return updated
    }
    return attention.attend(new.q, cached[0], cached[1], lengths: past + 1)
  }

  private var headShape: [Dimension] {
    let shape = configuration.shape
    return [shape.heads, shape.headWidth].map { Dimension(constant: $0) }
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
    .sequenceToSequence(source: configuration.source, target: configuration.text)
  }
}
