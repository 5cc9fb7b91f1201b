import Sequent
import SequentIR
import SequentRuntime

extension BenchmarkCase {
  /// Rows for the case: every number of threads and variant.
  public func rows(_ settings: Benchmark.Settings) throws -> [BenchmarkRow] {
    let traced = try traced()
    let weights = try traced.module.initialWeights(seed: 0)
    let benchmark = try Benchmark(name, settings: settings, flops: flops) {
      try CompiledModel(traced, weights: weights, options: $0)
    }
    return try benchmark.rows(sizes: sizes, inputs: try inputs(traced.module))
  }

  private func inputs(_ module: Module) throws -> [String: TensorData] {
    guard let function = module.function("main") else { return [:] }
    var inputs = try RandomInputs(function).byName(seed: 0, sizes: Bindings(sizes))
    if let lengths {
      inputs["lengths"] = try .int32(lengths.map(Int32.init), shape: [lengths.count])
    }
    return inputs
  }
}
