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
/// Where products round their other operand to the precision of bfloat16 weights, as the evaluator
/// does not, both are run without that for these comparisons, and compared with it besides.
///
/// - Parameter tolerance: an element may be off by this times 1 + its own size; by default 0.0001, and
///   with rounded operands what `Run.tolerance` says.
public func compareVariants(
  _ artifact: Artifact, function name: String = "main", sizes: Bindings, seed: UInt64 = 0,
  threads: Int? = nil, tolerance: Double? = nil
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
  func run(_ variant: Variant) throws -> Run {
    let model = try CompiledModel(artifact, options: variant.options)
    let session = try model.session(function: name, threads: threads)
    // States alone may have some of the sizes.
    try session.bind(sizes)
    return Run(
      outputs: try session.run(inputs).mapValues(HostTensor.init),
      roundings: try model.executable.plan(function: name, sizes).bfloat16Products)
  }
  let (fused, unfused) = try InstructionSets.withoutRoundingActivations {
    (try run(.fused), try run(.unfused))
  }
  var comparisons: [Comparison] = []
  func compare(
    _ what: String, _ actual: Run, _ expected: [String: HostTensor], within tolerance: Double
  ) {
    for name in function.resultNames where function.states[name] == nil {
      guard let actual = actual.outputs[name], let expected = expected[name] else { continue }
      comparisons.append(
        Comparison(
          output: name, what: what, difference: largestDifference(actual, expected),
          isWithin: actual.isWithin(tolerance, of: expected)))
    }
  }
  compare("fused against reference", fused, reference, within: tolerance ?? 1e-4)
  compare("unfused against reference", unfused, reference, within: tolerance ?? 1e-4)
  compare("fused against unfused", fused, unfused.outputs, within: tolerance ?? 1e-4)
  if InstructionSets.roundsActivations, fused.roundings > 0 {
    for variant in Variant.allCases {
      let run = try run(variant)
      compare(
        "\(variant.rawValue), activations in bf16, against reference", run, reference,
        within: tolerance ?? run.tolerance)
    }
  }
  return comparisons
}

/// What a variant gave.
private struct Run {
  let outputs: [String: HostTensor]
  /// How many products had bfloat16 weights.
  let roundings: Int

  /// How far rounding the operands of so many products may take an element, relative to its size.
  ///
  /// A number is off by at most 2⁻⁸ of its size, and in the mean square by 0.42 · 2⁻⁸; so is a product,
  /// whose terms' errors are independent. Those of r products in a row come to √r times that, and few
  /// elements in a million are off by five times as much.
  var tolerance: Double { 0x1p-7 * Double(roundings).squareRoot() }
}

extension Plan {
  /// How many products of a run have bfloat16 weights.
  var bfloat16Products: Int {
    instructions.indices.reduce(0) { count, position in
      guard case .gemm(let gemm) = instructions[position].kernel, gemm.isBfloat16 else {
        return count
      }
      return count + repetitions(of: position)
    }
  }
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
