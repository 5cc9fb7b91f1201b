import Sequent
import SequentCompiler
import SequentIR
import SequentRuntime

/// A model to be timed in several variants, at several sizes and numbers of threads.
public struct Benchmark {
  /// What is varied, and how long each measurement takes.
  public struct Settings: Sendable {
    /// The variants.
    public var variants: [Variant]
    /// The numbers of threads; the session's own choice when empty.
    public var threads: [Int] = []
    /// How long is measured.
    public var rule = TimingRule()

    /// Settings for variants, with the session's own number of threads.
    public init(variants: [Variant] = [.fused]) { self.variants = variants }
  }

  private let name: String
  private let function: Function
  private let contenders: [Contender]
  private let settings: Settings
  /// Floating-point operations, if they are known otherwise than by the plan.
  private let flops: Double?

  /// Compiles a function of a module in every variant.
  public init(
    _ name: String, _ module: Module, function: String = "main",
    weights: any ParameterSource, settings: Settings, flops: Double? = nil
  ) throws {
    guard let found = module.function(function) else {
      throw RuntimeError("the model has no function '\(function)'")
    }
    self.name = name
    self.function = found
    self.settings = settings
    self.flops = flops
    contenders = try settings.variants.map { try Contender(module, weights, $0) }
  }

  /// Rows for one set of sizes: every number of threads, and for each the variants in turn.
  ///
  /// - Parameter inputs: by name; random ones when left out.
  public func rows(
    sizes: [String: Int], inputs: [String: TensorData]? = nil
  ) throws -> [BenchmarkRow] {
    let sizes = Bindings(sizes)
    let values = try inputs ?? RandomInputs(function).byName(seed: 0, sizes: sizes)
    let threads = settings.threads.isEmpty ? [nil] : settings.threads.map(Optional.some)
    return try threads.flatMap { try rows(sizes, values, threads: $0) }
  }

  private func rows(
    _ sizes: Bindings, _ inputs: [String: TensorData], threads: Int?
  ) throws -> [BenchmarkRow] {
    let prepared = try contenders.map {
      try PreparedContender(
        $0, function: function.name, sizes: sizes, inputs: inputs, threads: threads)
    }
    let timings = try interleave(
      prepared.map { contender in { try contender.session.run() } }, settings.rule)
    let reference = prepared.first { $0.variant == .unfused }?.outputs
    let work = flops ?? prepared.map(\.plan.flops).min() ?? 0
    return zip(prepared, timings).map { contender, timing in
      let team = contender.session.threads
      let gflops = timing.median > 0 ? work / timing.median / 1e6 : 0
      return BenchmarkRow(
        name: name, sizes: sizes.sizes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
        threads: team, variant: contender.variant,
        compileMilliseconds: contender.compileMilliseconds,
        firstMilliseconds: contender.firstMilliseconds, timing: timing, gflops: gflops,
        arenaBytes: contender.plan.arenaBytes,
        kernels: contender.plan.kernelCount,
        maximumError: reference.map { largestDifference(contender.outputs, $0) })
    }
  }
}
