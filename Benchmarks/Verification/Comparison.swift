import Sequent
import SequentCompiler
import SequentIR
import SequentRuntime

/// How far an output of one way to run a model is from that of another.
public struct Comparison: Sendable {
  /// The output's name.
  public let output: String
  /// What is compared: `fused against reference`.
  public let what: String
  /// The largest difference of two elements.
  public let difference: Double
  /// Whether every element is within the tolerance.
  public let isWithin: Bool
}

/// Runs a function on random inputs in three ways that must agree: with all passes, without those
/// that fuse, and by the reference evaluator in double precision.
///
/// - Parameter tolerance: an element may be off by this times 1 + its own size.
public func compareVariants(
  _ artifact: Artifact, function name: String = "main", sizes: Bindings, seed: UInt64 = 0,
  threads: Int? = nil, tolerance: Double = 1e-4
) throws -> [Comparison] {
  let module = try Module(parsing: artifact.ir)
  guard let function = module.function(name) else {
    throw RuntimeError("the model has no function '\(name)'")
  }
  var weights: [String: HostTensor] = [:]
  for parameter in module.parameters {
    weights[parameter.name] = HostTensor(try artifact.parameters.tensor(named: parameter.name))
  }
  let inputs = try RandomInputs(function).byName(seed: seed, sizes: sizes)
  let reference = try evaluate(function, inputs, weights, sizes)
  var outputs: [Variant: [String: TensorData]] = [:]
  for variant in Variant.allCases {
    let model = try CompiledModel(artifact, options: variant.options)
    let session = try model.session(function: name, threads: threads)
    // States alone may have some of the sizes.
    try session.bind(sizes)
    outputs[variant] = try session.run(inputs)
  }
  var comparisons: [Comparison] = []
  for name in function.resultNames where function.states[name] == nil {
    guard let expected = reference[name], let fused = outputs[.fused]?[name].map(HostTensor.init),
      let unfused = outputs[.unfused]?[name].map(HostTensor.init)
    else { continue }
    for (what, actual, other) in [
      ("fused against reference", fused, expected),
      ("unfused against reference", unfused, expected),
      ("fused against unfused", fused, unfused),
    ] {
      comparisons.append(
        Comparison(
          output: name, what: what, difference: largestDifference(actual, other),
          isWithin: actual.isWithin(tolerance, of: other)))
    }
  }
  return comparisons
}

/// The outputs that the reference evaluator gives; states begin as zeros.
private func evaluate(
  _ function: Function, _ inputs: [String: TensorData], _ weights: [String: HostTensor],
  _ sizes: Bindings
) throws -> [String: HostTensor] {
  let arguments = try function.inputs.map { name, type in
    try inputs[name].map { HostTensor($0) }
      ?? HostTensor(type.elementType, try type.sizes(sizes), repeating: 0)
  }
  let evaluator = Evaluator(parameters: weights, bindings: sizes)
  let results = try evaluator.evaluate(function, arguments)
  return Dictionary(
    zip(function.resultNames, results).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
}
