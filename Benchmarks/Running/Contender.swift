import Sequent
import SequentCompiler
import SequentIR
import SequentRuntime

/// A model compiled in one way that has run once on given inputs, and can be run again on them.
struct Contender {
  let variant: Variant
  let weightsType: WeightsType
  let session: Session
  let plan: Plan
  /// How long the passes, the plan and the packing of weights took.
  let compileMilliseconds: Double
  /// How long the first run took, its inputs copied in and its outputs out.
  let firstMilliseconds: Double
  /// What the first run gave.
  let outputs: [String: TensorData]

  init(
    _ model: CompiledModel, _ variant: Variant, function: String, sizes: Bindings,
    inputs: [String: TensorData], threads: Int?
  ) throws {
    let clock = ContinuousClock()
    self.variant = variant
    weightsType = model.weightsType
    session = try model.session(function: function, threads: threads)
    let binding = try clock.measure { [session] in try session.bind(sizes) }
    compileMilliseconds = model.report.milliseconds + binding / .milliseconds(1)
    var outputs: [String: TensorData] = [:]
    let first = try clock.measure { [session] in outputs = try session.run(inputs) }
    firstMilliseconds = first / .milliseconds(1)
    self.outputs = outputs
    guard let plan = session.plan else {
      throw RuntimeError("\(function) has no plan at \(sizes.sizes)")
    }
    self.plan = plan
  }
}

extension Variant {
  /// How the compiler is called.
  var options: CompilerOptions {
    switch self {
    case .fused: CompilerOptions()
    case .unfused: CompilerOptions(disabledPasses: Set(Pipelines.fusing))
    }
  }
}

extension Pipelines {
  /// The passes that do what running a graph operation by operation can't: put several operations
  /// into one kernel, and take the inputs' products of all steps out of a loop.
  ///
  /// Gates keep their merged weights without them, as in the cells that frameworks come with: the
  /// comparison is with a loop over such cells, not with a worse one.
  static var fusing: [String] {
    all.map(\.name).filter { $0.hasPrefix("fuse-") || $0 == "hoist-input-projection" }
  }
}
