import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// What Transformers know of tokens, in one kernel and in many.
@Suite struct EmbeddingFusionTests {
  private static let unfused = CompilerOptions(disabledPasses: ["fuse-embedding"])

  private static var bert: BERT {
    var configuration = BERT.Configuration()
    (configuration.vocabulary, configuration.positions, configuration.segments) = (23, 12, 2)
    (configuration.width, configuration.heads, configuration.layers) = (24, 2, 2)
    (configuration.feedForward, configuration.dropout) = (32, 0)
    return BERT(configuration)
  }

  private static func gpt(_ positions: PositionKind) -> GPT {
    var configuration = GPT.Configuration()
    (configuration.vocabulary, configuration.context, configuration.positions) = (23, 12, positions)
    (configuration.width, configuration.heads, configuration.layers) = (24, 2, 2)
    (configuration.feedForward, configuration.dropout) = (32, 0)
    return GPT(configuration)
  }

  private static func inputs() throws -> [String: TensorData] {
    [
      "tokens": try .int32((0..<15).map { Int32($0 * 7 % 23) }, shape: [3, 5]),
      "lengths": try .int32([5, 3, 1], shape: [3]),
    ]
  }

  /// One kernel looks up, adds and normalises: as many kernels fewer as there were operations before.
  private func check(_ model: some Model, of whole: Int, _ name: String) throws {
    let traced = try model.traced()
    let sizes: Bindings = ["batch": 3, "time": 5]
    let (fused, plain) = (
      try CompiledModel(traced, seed: 3),
      try CompiledModel(traced, seed: 3, options: Self.unfused)
    )
    let (one, many) = (
      try fused.executable.plan(sizes).instructions.map(\.kernel.name),
      try plain.executable.plan(sizes).instructions.map(\.kernel.name)
    )
    #expect(one.filter { $0 == "embedding" }.count == 1, "\(name): \(one)")
    #expect(!one.contains("gather") && !many.contains("embedding"), "\(name): \(one)")
    #expect(one.count == many.count - whole + 1, "\(name): \(one) \(many)")
    let inputs = try Self.inputs()
    let expected = try plain.session(threads: 1).run(inputs)
    for threads in [1, 2] {
      #expect(try fused.session(threads: threads).run(inputs) == expected, "\(name)")
    }
  }

  @Test func bertHasOneKernel() throws {
    // Two lookups, two sums, the normalisation.
    try check(Self.bert, of: 5, "BERT")
  }

  @Test func gptHasOneKernel() throws {
    // Two lookups, a sum that is used again, and the first normalisation.
    try check(Self.gpt(.learned), of: 4, "learned")
    // A product with a number, and sines that are added.
    try check(Self.gpt(.sinusoidal), of: 4, "sinusoidal")
    try check(Self.gpt(.rotary), of: 2, "rotary")
  }

  @Test func stepsHaveOneKernelToo() throws {
    for positions in [PositionKind.learned, .sinusoidal, .rotary] {
      let model = try CompiledModel(Self.gpt(positions).traced(), seed: 3)
      for (function, sizes) in [
        ("step", ["rows": 3, "keys": 32, "slots": 64]),
        ("prefill", ["rows": 3, "time": 8, "slots": 64]),
      ] as [(String, Bindings)] {
        let plan = try model.executable.plan(function: function, sizes)
        #expect(plan.instructions.filter { $0.kernel.name == "embedding" }.count == 1, "\(plan)")
      }
    }
  }

  @Test func tooManyTokensAreToldAsBefore() throws {
    let session = try CompiledModel(Self.gpt(.learned).traced(), seed: 3).session()
    var inputs = try Self.inputs()
    inputs["tokens"] = try .int32([1, 2, 3, 4, 23, 5], shape: [2, 3])
    inputs["lengths"] = try .int32([3, 3], shape: [2])
    #expect {
      try session.run(inputs)
    } throws: {
      "\($0)".hasPrefix("tokens[1, 1] is 23, not a row of a table of 23 rows (embedding %")
    }
    inputs["tokens"] = try .int32(Array(repeating: 1, count: 13), shape: [1, 13])
    inputs["lengths"] = try .int32([13], shape: [1])
    #expect {
      try session.run(inputs)
    } throws: {
      "\($0)".hasPrefix("indices[12] is 12, not a row of a table of 12 rows (embedding %")
    }
  }

  @Test func trainsAsTheComposition() throws {
    try train(Self.gpt(.learned), "learned")
    try train(Self.gpt(.sinusoidal), "sinusoidal")
    try train(Self.gpt(.rotary), "rotary")
  }

  private func train(_ model: some Model, _ name: String) throws {
    var batch = try Self.inputs()
    batch["labels"] = try .int32((0..<15).map { Int32($0 * 5 % 23) }, shape: [3, 5])
    let steps = try [CompilerOptions(), Self.unfused].map {
      try TrainingStep(model, .labels(), .sgd(), seed: 1, options: $0)
    }
    for _ in 0..<3 {
      let results = try steps.map { try $0.run(batch, learningRate: 0.1) }
      #expect(abs(results[0].loss - results[1].loss) < 1e-5, "\(name)")
      let norms = results.map(\.gradientNorm)
      #expect(abs(norms[0] - norms[1]) < 1e-5 * max(1, norms[1]), "\(name)")
    }
    let tensors = try steps.map { try $0.snapshot().tensors }
    for (tensor, value) in tensors[0] {
      guard case .float32(let values) = value.elements,
        case .float32(let wanted)? = tensors[1][tensor]?.elements
      else { throw RuntimeError("no '\(tensor)'") }
      #expect(zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-5 }, "\(name): \(tensor)")
    }
  }
}
