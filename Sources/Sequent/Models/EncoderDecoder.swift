import SequentIR

/// The graph of a recurrent encoder-decoder: it reads a sequence of tokens and says another one.
///
/// A model holds one and forwards to it:
///
///     struct Pronounce: Model {
///       let network: EncoderDecoder<LSTMCell, AdditiveScore>
///       func main(_ inputs: Inputs) -> Outputs { network.main(inputs) }
///       var functions: [ModelFunction] { network.functions }
///     }
///
/// `main` says what follows each token of a target that is given (teacher forcing); `encode` and
/// `step` decode: what `encode` gives under the name of a state of `step` is its first value, all else
/// is read by every step.
public struct EncoderDecoder<Cell: RecurrentCell, Score: AttentionScore>: Sendable {
  /// The vectors of what is read.
  public let sourceEmbedding: Embedding
  /// What reads.
  public let encoder: RecurrentLayer<Cell>
  /// From its last state to the decoder's first.
  public let bridge: Bridge
  /// The vectors of what is said.
  public let targetEmbedding: Embedding
  /// What says.
  public let decoder: RecurrentDecoder<Cell, Score>
  /// To the tokens' logits.
  public let head: Linear
  /// What is dropped of vectors and outputs, in training.
  public let dropout: Dropout
  /// The share of steps, at the end of training, that read what the decoder said itself.
  public let feedbackShare: Double

  /// Creates a network of its parts.
  ///
  /// - Parameters:
  ///   - sourceVocabulary: how many tokens can be read.
  ///   - targetVocabulary: how many tokens can be said.
  public init(
    sourceVocabulary: Int, targetVocabulary: Int, embedding: Int, encoder: RecurrentLayer<Cell>,
    decoder: RecurrentDecoder<Cell, Score>, dropout: Dropout = Dropout(0), feedbackShare: Double = 0
  ) {
    sourceEmbedding = Embedding(sourceVocabulary, embedding)
    targetEmbedding = Embedding(targetVocabulary, embedding)
    self.encoder = encoder
    self.decoder = decoder
    bridge = Bridge(from: encoder, to: decoder.cells)
    head = Linear(decoder.outputSize, targetVocabulary)
    self.dropout = dropout
    self.feedbackShare = feedbackShare
  }

  /// `source`, `source_lengths`, `target` and `target_lengths` to `logits`
  /// `[batch, target_time, vocabulary]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let source = inputs.tensor("source", .int32, ["batch", "source_time"])
    let lengths = inputs.tensor("source_lengths", .int32, ["batch"])
    let target = inputs.tensor("target", .int32, ["batch", "target_time"])
    let (memory, state) = read(source, lengths)
    let said = decoder(
      dropout(targetEmbedding(target)), from: state, memory,
      lengths: inputs.tensor("target_lengths", .int32, ["batch"]), feedback: feedback)
    return ["logits": head(dropout(said.output))]
  }

  /// `encode` and `step`.
  public var functions: [ModelFunction] {
    [ModelFunction("encode", encode), ModelFunction("step", step)]
  }

  private var feedback: Feedback? {
    guard feedbackShare > 0 else { return nil }
    return Feedback(share: feedbackShare) { targetEmbedding(head($0).argmax(over: -1)) }
  }

  private func read(_ source: Tensor, _ lengths: Tensor) -> (DecoderMemory, DecoderState) {
    let read = encoder(dropout(sourceEmbedding(source)), lengths: lengths)
    return (
      decoder.memory(dropout(read.output), lengths: lengths, final: read.final),
      decoder.initialState(bridge(read.state))
    )
  }

  private func encode(_ inputs: Inputs) -> Outputs {
    let (memory, state) = read(
      inputs.tensor("source", .int32, ["sources", "source_time"]),
      inputs.tensor("source_lengths", .int32, ["sources"]))
    var outputs: [(String, Tensor)] = []
    if let attention = memory.attention {
      outputs += [("memory.values", attention.values), ("memory.keys", attention.keys)]
    }
    if let context = memory.context { outputs.append(("memory.context", context)) }
    outputs += zip(stateNames, state.tensors)
    return Outputs(outputs.map { (name: $0, tensor: $1) })
  }

  private func step(_ inputs: Inputs) -> Outputs {
    let tokens = inputs.tensor("tokens", .int32, ["rows"])
    let memory = memory(inputs)
    let sizes = decoder.stateSizes
    let states = zip(stateNames, sizes.cells.flatMap { $0 } + (sizes.feed.map { [$0] } ?? [])).map {
      inputs.state($0, ["rows", Dimension(constant: $1)])
    }
    var rest = states[...]
    let cells = sizes.cells.map { layer in layer.compactMap { _ in rest.popFirst() } }
    let before = DecoderState(cells: cells, feed: rest.first)
    let (after, said, weights) = decoder.step(targetEmbedding(tokens), before, memory)
    for (old, new) in zip(states, after.tensors) { inputs.update(old, to: new) }
    var outputs = [("logits", head(decoder.joined(said)))]
    if let weights { outputs.append(("attention", weights)) }
    return Outputs(outputs.map { (name: $0, tensor: $1) })
  }

  /// What a row of `step` reads of what `encode` gave for its source.
  private func memory(_ inputs: Inputs) -> DecoderMemory {
    guard decoder.guidance != .initialState else { return DecoderMemory() }
    let sources = inputs.tensor("row_sources", .int32, ["rows"])
    let width = Dimension(constant: encoder.outputSize)
    guard let attention = decoder.attention else {
      let context = inputs.tensor("memory.context", .float32, ["sources", width])
      return DecoderMemory(context: gather(context, sources))
    }
    let time: [Dimension] = ["sources", "source_time", width]
    return DecoderMemory(
      attention: AttentionMemory(
        values: gather(inputs.tensor("memory.values", .float32, time), sources),
        keys: gather(
          inputs.tensor("memory.keys", .float32, attention.keyShape(time, inputs.trace)), sources),
        lengths: gather(inputs.tensor("source_lengths", .int32, ["sources"]), sources)))
  }

  private var stateNames: [String] {
    decoder.stateSizes.cells.enumerated().flatMap { layer, sizes in
      sizes.indices.map { "state.layer\(layer).\($0)" }
    } + (decoder.stateSizes.feed == nil ? [] : ["state.feed"])
  }
}

extension Attention {
  /// The shape of the keys of values of a shape: they are traced apart, and only looked at.
  fileprivate func keyShape(_ shape: [Dimension], _ trace: Trace) -> [Dimension] {
    let apart = Trace(context: trace.context)
    let type = TensorType(.float32, shape)
    let values = Tensor(trace: apart, value: apart.graph.addArgument(type, name: "x"), type: type)
    return memory(values).keys.shape
  }
}
