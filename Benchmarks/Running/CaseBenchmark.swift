import Sequent
import SequentIR
import SequentRuntime

extension BenchmarkCase {
  /// Rows for the case: every number of threads and variant.
  public func rows(_ settings: Benchmark.Settings) throws -> [BenchmarkRow] {
    let traced = try traced()
    var weights: [String: TensorData] = [:]
    for parameter in traced.module.parameters {
      weights[parameter.name] = try parameter.initialValues(seed: 0)
    }
    let benchmark = try Benchmark(
      name, traced.module, weights: weights, settings: settings, flops: flops)
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
