import Sequent
import SequentCompiler
import SequentIR
import SequentRuntime

extension BenchmarkCase {
  /// Rows for the case: every number of threads and variant.
  public func rows(_ settings: Benchmark.Settings) throws -> [BenchmarkRow] {
    var settings = settings
    if let weightsType { settings.weightsType = weightsType }
    if case .decoder(let decoder) = kind { return try decoder.rows(name, settings) }
    let traced = try traced()
    let weights = try traced.module.initialWeights(seed: 0)
    let benchmark = try Benchmark(name, settings: settings, flops: flops) {
      let model = isTraining ? try differentiated(traced, $0) : traced
      return try CompiledModel(
        model, weights: weights, weightsType: settings.weightsType, options: $0)
    }
    return try benchmark.rows(sizes: sizes, inputs: try inputs(traced.module))
  }

  /// The model fused, then differentiated: fused operations have fused gradients.
  private func differentiated(
    _ traced: TracedModel, _ options: CompilerOptions
  ) throws -> TracedModel {
    var module = try compile(traced.module, options: options).module
    let parameters = module.parameters.map(\.name)
    module.functions = try module.functions.map { function in
      let inputs = function.inputs.filter { $0.type.elementType == .float32 }.map(\.name)
      return try function.differentiated(
        "loss", withRespectTo: inputs + parameters, named: function.name)
    }
    return TracedModel(module: module)
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
