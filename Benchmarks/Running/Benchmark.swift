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
    /// What the matrices of models and cases are rounded to that don't say so themselves.
    public var weightsType = WeightsType.float32
    /// How many further runs of each variant are measured operation by operation.
    public var profiledRuns = 0
    /// What the machine can do, for the share of it that a row reaches.
    public var probe: MachineProbe?

    /// Settings for variants, with the session's own number of threads.
    public init(variants: [Variant] = [.fused]) { self.variants = variants }

    /// What `measure` says of the runs that are to be profiled; nil if there are none.
    func profile(_ measure: (_ runs: Int) throws -> Profile) rethrows -> Profile? {
      profiledRuns > 0 ? try measure(profiledRuns) : nil
    }
  }

  private let name: String
  private let function: Function
  private let models: [(variant: Variant, model: CompiledModel)]
  private let settings: Settings
  /// Floating-point operations, if they are known otherwise than by the plan.
  private let flops: Double?

  /// Compiles a model in every variant.
  ///
  /// - Parameters:
  ///   - flops: the floating-point operations of a run, where the caller counts them otherwise than
  ///     the plan does.
  ///   - compile: the model, compiled with the options that make a variant.
  public init(
    _ name: String, function: String = "main", settings: Settings, flops: Double? = nil,
    compile: (CompilerOptions) throws -> CompiledModel
  ) throws {
    self.name = name
    self.settings = settings
    self.flops = flops
    models = try settings.variants.map { ($0, try compile($0.options)) }
    guard let found = models.first?.model.traced.module.function(function) else {
      throw RuntimeError("the model has no function '\(function)'")
    }
    self.function = found
  }

  /// Rows for one set of sizes: every number of threads, and for each the variants in turn.
  ///
  /// - Parameter inputs: by name; random ones when left out.
  public func rows(
    sizes: [String: Int], inputs: [String: TensorData]? = nil
  ) throws -> [BenchmarkRow] {
    let sizes = Bindings(sizes)
    let values = try inputs ?? RandomInputs(function, ragged: false).byName(seed: 0, sizes: sizes)
    let threads = settings.threads.isEmpty ? [nil] : settings.threads.map(Optional.some)
    return try threads.flatMap { try rows(sizes, values, threads: $0) }
  }

  private func rows(
    _ sizes: Bindings, _ inputs: [String: TensorData], threads: Int?
  ) throws -> [BenchmarkRow] {
    let contenders = try models.map { variant, model in
      try Contender(
        model, variant, function: function.name, sizes: sizes, inputs: inputs, threads: threads)
    }
    let timings = try interleave(
      contenders.map { contender in { try contender.session.run() } }, settings.rule)
    let reference = contenders.first { $0.variant == .unfused }?.outputs
    let work = flops ?? contenders.map(\.plan.flops).min() ?? 0
    return try zip(contenders, timings).map { contender, timing in
      let team = contender.session.threads
      let peak = settings.probe?.multiplyAdd(
        threads: team, bfloat16: contender.plan.bfloat16Products > 0)
      let gflops = timing.median > 0 ? work / timing.median / 1e6 : 0
      var row = BenchmarkRow(
        name: name, weightsType: contender.weightsType,
        sizes: sizes.sizes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
        threads: team, variant: contender.variant,
        compileMilliseconds: contender.compileMilliseconds,
        firstMilliseconds: contender.firstMilliseconds, timing: timing, gflops: gflops,
        shareOfPeak: peak.flatMap { $0 > 0 ? gflops * 1e9 / $0 : nil },
        arenaBytes: contender.plan.arenaBytes,
        kernels: contender.plan.kernelCount,
        maximumError: reference.map { largestDifference(contender.outputs, $0) })
      row.profile = try settings.profile(contender.session.profile)
      return row
    }
  }
}
