import SequentIR

@testable import Sequent

/// A small encoder-decoder with attention, in the form that decoding takes.
struct Translator: Model {
  static let source = TextEncoding(
    unit: .character, vocabulary: ["<pad>", "<unk>"] + "abcdefghij".map(String.init), unknown: 1,
    isLowercased: true)
  static let target = TextEncoding(
    unit: .word, vocabulary: ["<pad>", "<unk>", "<s>", "</s>", "a", "b", "c", "d"], unknown: 1,
    begin: 2, end: 3)

  let sourceEmbedding = Embedding(12, 6)
  let encoder = LSTM(6, 8)
  let targetEmbedding = Embedding(8, 6)
  let decoder = LSTM(6, 8)
  let attention = Attention(.additive(query: 8, memory: 8, units: 5))
  let head = Linear(16, 8)

  func main(_ inputs: Inputs) -> Outputs {
    let (memory, state) = read(inputs, "batch")
    let target = inputs.tensor("target", .int32, ["batch", "target_time"])
    let lengths = inputs.tensor("target_lengths", .int32, ["batch"])
    let said = decoder(targetEmbedding(target), lengths: lengths, initialState: state).output
    let context = attention(said, memory).context
    return ["logits": head(said.concatenated(with: [context], axis: 2))]
  }

  var functions: [ModelFunction] {
    [
      ModelFunction("encode") { inputs in
        let (memory, state) = read(inputs, "sources")
        return [
          "values": memory.values, "keys": memory.keys, "h": state[0][0][0], "c": state[0][0][1],
        ]
      },
      ModelFunction("step") { inputs in
        let tokens = inputs.tensor("tokens", .int32, ["rows"])
        let sources = inputs.tensor("row_sources", .int32, ["rows"])
        let time = { gather(inputs.tensor($0, .float32, ["sources", "source_time", $1]), sources) }
        let lengths = gather(inputs.tensor("source_lengths", .int32, ["sources"]), sources)
        let memory = AttentionMemory(
          values: time("values", 8), keys: time("keys", 5), lengths: lengths)
        let state = ["h", "c"].map { inputs.state($0, ["rows", 8]) }
        let said = decoder(targetEmbedding(tokens).expanded(at: 1), initialState: [[state]])
        for (old, new) in zip(state, said.state[0][0]) { inputs.update(old, to: new) }
        let seen = attention(said.final, memory)
        return [
          "logits": head(said.final.concatenated(with: [seen.context], axis: 1)),
          "attention": seen.weights,
        ]
      },
    ]
  }

  private func read(_ inputs: Inputs, _ batch: Dimension) -> (AttentionMemory, [[[Tensor]]]) {
    let lengths = inputs.tensor("source_lengths", .int32, [batch])
    let source = inputs.tensor("source", .int32, [batch, "source_time"])
    let read = encoder(sourceEmbedding(source), lengths: lengths)
    return (attention.memory(read.output, lengths: lengths), read.state)
  }

  static func compiled(scale: Float = 5) throws -> CompiledModel {
    try DecodingModel.recurrent.compiled(scale: scale)
  }
}

/// The models that decode.
enum DecodingModel: CaseIterable {
  case recurrent, transformer

  /// A small Transformer of the same vocabularies.
  static func smallTransformer(
    _ change: (inout Transformer.Configuration) -> Void = { _ in }
  ) -> Transformer {
    var configuration = Transformer.Configuration()
    (configuration.source, configuration.text) = (Translator.source, Translator.target)
    (configuration.width, configuration.heads, configuration.feedForward) = (16, 2, 24)
    (configuration.encoderLayers, configuration.decoderLayers) = (1, 2)
    change(&configuration)
    return Transformer(configuration)
  }

  /// With weights so large that answers differ, and some tokens are much likelier than others.
  func compiled(scale: Float? = nil, seed: UInt64 = 1) throws -> CompiledModel {
    let (traced, usual): (TracedModel, Float) =
      switch self {
      case .recurrent: (try Translator().traced(), 5)
      case .transformer: (try Self.smallTransformer().traced(), 2)
      }
    let scale = scale ?? usual
    let weights = try traced.module.initialWeights(seed: seed)
    var tensors: [String: TensorData] = [:]
    for name in weights.tensorNames {
      let tensor = try weights.tensor(named: name)
      guard case .float32(let values) = tensor.elements else { continue }
      tensors[name] = try .float32(values.map { $0 * scale }, shape: tensor.shape)
    }
    return try CompiledModel(traced, weights: TensorCollection(tensors, name: "scaled"))
  }
}
