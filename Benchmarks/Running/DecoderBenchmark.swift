import Sequent
import SequentCompiler
import SequentIR
import SequentRuntime

/// The sizes of a decoder and of what it writes.
public struct DecoderConfiguration: Sendable {
  /// The model.
  public var model = GPT.Configuration()
  /// How many texts are written side by side.
  public var batch = 1
  /// The tokens before what is written.
  public var prompt = 16
  /// The tokens that are written.
  public var generate = 64

  /// GPT-2 small, sixty-four tokens.
  public init() {}

  /// How many numbers the matrices have.
  var weights: Double {
    let width = Double(model.width)
    return Double(model.layers) * width * (4 * width + 2 * Double(model.feedForward))
      + width * Double(model.vocabulary)
  }

  /// Two operations for every weight and token; of the prompt, the last token alone has logits.
  var flops: Double {
    let tokens = Double(batch) * Double(prompt + generate - 1)
    return 2 * weights * tokens
      - 2 * Double(batch) * Double(prompt - 1) * Double(model.width * model.vocabulary)
  }
}

extension DecoderConfiguration {
  /// Rows for writing tokens greedily, by variant and number of threads.
  func rows(_ name: String, _ settings: Benchmark.Settings) throws -> [BenchmarkRow] {
    let traced = try GPT(model).traced()
    let weights = try traced.module.initialWeights(seed: 0)
    let threads = settings.threads.isEmpty ? [nil] : settings.threads.map(Optional.some)
    let models = try settings.variants.map {
      (
        $0,
        try CompiledModel(
          traced, weights: weights, weightsType: settings.weightsType, options: $0.options)
      )
    }
    return try threads.flatMap { threads in
      let contenders = try models.map {
        ($0, $1, try CachedReader($1.executable, threads: threads))
      }
      let timings = try interleave(
        contenders.map { _, _, reader in { try write(reader) } }, settings.rule)
      return try zip(contenders, timings).map { contender, timing in
        let (variant, model, reader) = contender
        let session = try model.session(function: "choose", threads: threads)
        var row = BenchmarkRow(
          name: name, weightsType: model.weightsType, threads: session.threads, variant: variant,
          timing: timing)
        row.compileMilliseconds = model.report.milliseconds
        row.gflops = flops / timing.median / 1e6
        let sizes: Bindings = ["rows": batch, "keys": prompt + generate, "slots": 256]
        let plan = try model.executable.plan(function: "choose", sizes)
        (row.arenaBytes, row.kernels) = (plan.arenaBytes, plan.kernelCount)
        row.profile = try settings.profile(reader.profile)
        return row
      }
    }
  }

  /// Writes the tokens, each the most probable.
  private func write(_ reader: CachedReader) throws {
    let tokens = (0..<prompt).map { Int32($0 * 997 % model.vocabulary) }
    try reader.start(Array(repeating: tokens, count: batch))
    var chosen = try reader.mostProbable()
    for _ in 1..<generate { chosen = try reader.choose(after: chosen) }
  }
}
