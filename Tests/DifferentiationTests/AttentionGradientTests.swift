import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Attention layers on rows of different lengths, none among them, and their gradients.
@Suite struct AttentionGradientTests {
  private typealias Read = @Sendable (Tensor, Tensor, Tensor) -> (context: Tensor, weights: Tensor)

  private struct Variant {
    let name: String
    let layers: [any Sendable]
    var isFusible = true
    let read: Read
  }

  private static func soft(_ name: String, _ score: some AttentionScore) -> Variant {
    let attention = Attention(score)
    return Variant(name: name, layers: [attention]) { queries, memory, lengths in
      let output = attention(queries, attention.memory(memory, lengths: lengths))
      return (output.context, output.weights)
    }
  }

  /// A state that gathers step by step what it attends to.
  private static func decoder(_ score: some AttentionScore) -> Variant {
    let attention = Attention(score)
    return Variant(name: "decoder", layers: [attention]) { queries, memory, lengths in
      let memory = attention.memory(memory, lengths: lengths)
      let zeros = queries.trace.emit(.constant(Constant(0, shape: ["batch", 6])), [], at: nil)[0]
      let run = recurrence(over: [queries], from: [zeros]) { inputs, state in
        let read = attention(inputs[0] + state[0], memory)
        let state = state[0] * 0.5 + read.context
        return ([state], [state, read.weights])
      }
      return (run.outputs[0], run.outputs[1])
    }
  }

  private static var variants: [Variant] {
    let additive = AdditiveScore(query: 6, memory: 6, units: 5, bias: true)
    let (local, hard) = (Attention(.dot), HardAttention(additive))
    let window = PredictiveWindow(query: 6, units: 5, halfWidth: 2)
    return [
      soft("dot", .dot), soft("scaled dot", .scaledDot),
      soft("general", .general(query: 6, memory: 6)), soft("additive", additive),
      soft("plain additive", .plainAdditive(6)),
      soft("without scale", PlainAdditiveScore(6, hasScale: false)),
      decoder(additive),
      Variant(name: "local", layers: [window], isFusible: false) { queries, memory, lengths in
        let memory = local.memory(memory, lengths: lengths)
        let output = local(queries, memory, window: window(queries, memory))
        return (output.context, output.weights)
      },
      Variant(name: "hard", layers: [hard], isFusible: false) { queries, memory, lengths in
        let choice = hard(queries, hard.memory(memory, lengths: lengths))
        return (choice.context, choice.logProbability.expanded(at: 2))
      },
    ]
  }

  private static func model(_ variant: Variant) -> ClosureModel {
    ClosureModel(variant.layers) { inputs in
      let queries = inputs.tensor("queries", .float32, ["batch", "queries", 6])
      let memory = inputs.tensor("memory", .float32, ["batch", "keys", 6])
      let (context, weights) = variant.read(queries, memory, inputs.lengths())
      let loss = tanh(context).sum(over: 2) + (weights * weights).sum(over: 2)
      return ["loss": loss.total, "context": context]
    }
  }

  @Test(arguments: variants.indices) func `gradients are those of the function`(
    _ index: Int
  ) throws {
    let variant = Self.variants[index]
    var generator = TestGenerator(12)
    try checkGradients(
      Self.model(variant),
      inputs: [
        generator.tensor([3, 2, 6]), generator.tensor([3, 5, 6]),
        HostTensor(.int32, [3], [5, 0, 3]),
      ], variant.name)
  }

  @Test(arguments: [true, false], variants.indices)
  func `rows without keys give zeros, and padding changes no bit`(
    isFused: Bool, _ index: Int
  ) throws {
    let variant = Self.variants[index]
    let options = CompilerOptions(disabledPasses: isFused ? [] : ["fuse-attention"])
    let traced = try Self.model(variant).traced()
    var module = try compile(traced.module, options: options).module
    module.functions = [
      try module.functions[0].differentiated(
        "loss", withRespectTo: ["queries", "memory"], named: "main")
    ]
    let hasKernel = module.description.contains("attention_gradient")
    #expect(hasKernel == (isFused && variant.isFusible), "\(variant.name)")
    let session = try CompiledModel(
      TracedModel(module: module), weights: traced.module.initialWeights(seed: 3), options: options
    ).session(threads: 2)
    var generator = TestGenerator(13)
    let (queries, memory) = (generator.tensor([3, 2, 6]), generator.tensor([3, 41, 6]))
    func run(keys: Int) throws -> [String: HostTensor] {
      let cut = HostTensor(.float32, [3, keys, 6]) { memory[$0] }
      let inputs: [String: TensorData] = [
        "queries": try queries.single(), "memory": try cut.single(),
        "lengths": try .int32([5, 0, 3], shape: [3]),
      ]
      return try session.run(inputs).mapValues { HostTensor($0) }
    }
    let (short, long) = (try run(keys: 5), try run(keys: 41))
    for name in ["context", "gradient.queries", "gradient.memory"] {
      let (a, b) = (try #require(short[name]), try #require(long[name]))
      let row = a.values.count / 3
      #expect(a.values[row..<2 * row].allSatisfy { $0 == 0 }, "\(variant.name) \(name)")
      let same = HostTensor(.float32, a.shape) { b[$0] }
      #expect(
        a.values.map(\.bitPattern) == same.values.map(\.bitPattern), "\(variant.name) \(name)")
    }
  }
}

extension HostTensor {
  /// The same in single precision.
  func single() throws -> TensorData {
    try .float32(values.map { Float($0) }, shape: shape)
  }
}
