import SequentCompiler
import SequentIR
import SequentRuntime

/// A model under training: one static graph for forward, loss, backward, clipping and update.
///
/// For a loop of your own:
///
///     let step = try TrainingStep(model, .labels(), .adamW())
///     for batch in batches {
///       let result = try step.run(batch.tensors, learningRate: 1e-3)
///     }
///     let trained = try step.compiled()
///
/// The same seed and batches give the same bits, whatever the number of threads.
public final class TrainingStep {
  /// What a step gives.
  public struct Result: Hashable, Sendable {
    /// The loss before the update.
    public let loss: Double
    /// The norm of all gradients together, before clipping.
    public let gradientNorm: Double
  }

  /// The model as it is run, not trained.
  public let traced: TracedModel
  /// How many steps were made.
  public private(set) var count = 0
  /// What the passes did to the forward function.
  public let report: CompilationReport
  private let session: Session
  private let seed: UInt64
  private let takesSeed: Bool
  /// The inputs that do not come with a batch.
  private let ownInputs: [String]

  /// Compiles a training step.
  ///
  /// - Parameters:
  ///   - seed: what first values and dropout are drawn from.
  ///   - weights: first values; drawn from `seed` without them.
  public init(
    _ model: some Model, _ objective: Objective, _ optimizer: Optimizer, seed: UInt64 = 0,
    weights: (any TensorSource)? = nil, threads: Int? = nil,
    options: CompilerOptions = CompilerOptions()
  ) throws {
    traced = try model.traced()
    self.seed = seed
    let (module, report) = try compile(model.traced(for: objective), options: options)
    self.report = report
    let function = try module.trainingStep(optimizer.options)
    takesSeed = function.inputs.contains { $0.name == "dropout_seed" }
    ownInputs = ["learning_rate", "step"] + (takesSeed ? ["dropout_seed"] : [])
    let step = Module(name: module.name, functions: [function])
    session = try Executable(step, weights: [String: TensorData]())
      .session(function: function.name, threads: threads)
    let first = try weights ?? traced.module.initialWeights(seed: seed)
    var states: [String: TensorData] = [:]
    for parameter in traced.module.parameters where function.states.values.contains(parameter.name)
    {
      states[parameter.name] = try first.tensor(named: parameter.name)
    }
    try session.restore(SessionState(tensors: states))
  }

  /// Makes a step on a batch.
  ///
  /// - Throws: `RuntimeError` for a batch that does not fit the model.
  public func run(_ batch: [String: TensorData], learningRate: Double) throws -> Result {
    try session.load(batch, besides: ownInputs)
    try session.withInput("learning_rate") { $0[0] = Float(learningRate) }
    try session.withInput("step") { $0[0] = Float(count + 1) }
    if takesSeed {
      var generator = CounterGenerator(seed: seed, stream: "step \(count)")
      let seed = Int32(truncatingIfNeeded: generator.next())
      try session.withInput("dropout_seed", as: Int32.self) { $0[0] = seed }
    }
    try session.run()
    count += 1
    return Result(
      loss: try session.withOutput("loss") { Double($0[0]) },
      gradientNorm: try session.withOutput("gradient_norm") { Double($0[0]) })
  }

  /// How the present sizes run, memory included; nil before the first step.
  public var plan: Plan? { session.plan }

  /// The memory that training holds, at its largest so far: parameters, optimizer state, a batch, and
  /// the arena of all between.
  public var bytes: Int { session.bytes }

  /// Parameters, optimizer state and the model's own states, at this moment.
  public func snapshot() throws -> TrainingState {
    TrainingState(count: count, tensors: try session.snapshot().tensors)
  }

  /// Goes on from a snapshot, of this or another step of the same model and optimizer.
  public func restore(_ state: TrainingState) throws {
    try session.restore(SessionState(tensors: state.tensors))
    count = state.count
  }

  /// The parameters by name, as they are now.
  public func parameters() throws -> TensorCollection {
    let names = Set(traced.module.parameters.map(\.name))
    return TensorCollection(
      try session.snapshot().tensors.filter { names.contains($0.key) }, name: "training")
  }

  /// The model with its parameters as they are now, ready to run.
  public func compiled() throws -> CompiledModel {
    try CompiledModel(traced, weights: parameters())
  }
}

/// All that a training step keeps, for a checkpoint.
public struct TrainingState: Hashable, Sendable {
  /// How many steps were made.
  public let count: Int
  /// Parameters, optimizer state (`optimizer.N.PARAMETER`) and the model's states by name.
  public let tensors: [String: TensorData]

  /// Creates a state.
  public init(count: Int, tensors: [String: TensorData]) {
    self.count = count
    self.tensors = tensors
  }
}
