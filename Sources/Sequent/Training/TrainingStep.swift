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
    /// The model's outputs that were asked for, before the update.
    public let outputs: [String: TensorData]
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
  private let takesProgress: Bool
  /// The inputs that do not come with a batch.
  private let ownInputs: [String]
  /// The model's outputs that are asked for.
  private let outputs: [String]
  /// The states that are the model's own.
  private let modelStates: Set<String>
  /// Parameters that the loss does not depend on.
  private let untrained: [String: TensorData]
  /// What the next step starts from; nil when the session knows.
  private var pending: [String: TensorData]?

  /// Compiles a training step.
  ///
  /// - Parameters:
  ///   - seed: what first values and dropout are drawn from.
  ///   - weights: first values; drawn from `seed` without them.
  ///   - saving: `.every(8)` takes less memory and more time than `.all`.
  public convenience init(
    _ model: some Model, _ objective: Objective, _ optimizer: Optimizer, seed: UInt64 = 0,
    weights: (any TensorSource)? = nil, saving: SavedSteps = .all, threads: Int? = nil,
    options: CompilerOptions = CompilerOptions()
  ) throws {
    try self.init(
      TracedTraining(model, objective: objective), optimizer, seed: seed, weights: weights,
      saving: saving, threads: threads, options: options)
  }

  /// Compiles a training step of a model that is data already.
  ///
  /// - Parameter outputs: the model's outputs that `run` gives beside the loss.
  public init(
    _ training: TracedTraining, _ optimizer: Optimizer, outputs: Set<String> = [],
    seed: UInt64 = 0, weights: (any TensorSource)? = nil, saving: SavedSteps = .all,
    threads: Int? = nil, options: CompilerOptions = CompilerOptions()
  ) throws {
    traced = training.model
    self.seed = seed
    let kept = training.training.keepingResults(outputs.union(["loss"]))
    let (module, report) = try compile(kept, options: options.differentiable)
    self.report = report
    let function = try module.trainingStep(saving: saving, optimizer.options)
    takesSeed = function.inputs.contains { $0.name == "dropout_seed" }
    self.outputs = function.resultNames.filter { outputs.contains($0) }
    takesProgress = function.inputs.contains { $0.name == "training_progress" }
    ownInputs =
      ["learning_rate", "step"] + (takesSeed ? ["dropout_seed"] : [])
      + (takesProgress ? ["training_progress"] : [])
    // Gradients are composed of what the passes see in a forward graph: products, sums, residuals.
    let step = try compile(
      Module(name: module.name, functions: [function]), options: options
    ).module
    session = try Executable(step, weights: [String: TensorData]())
      .session(function: function.name, threads: threads)
    modelStates = Set(training.training.function("main")?.states.values ?? [:].values)
    let first = try weights ?? traced.module.initialWeights(seed: seed)
    var states: [String: TensorData] = [:]
    var untrained: [String: TensorData] = [:]
    for name in traced.module.parameters.map(\.name) {
      let values = try first.tensor(named: name)
      if function.states.values.contains(name) {
        states[name] = values
      } else {
        untrained[name] = values
      }
    }
    self.untrained = untrained
    pending = states
    try session.restore(SessionState(tensors: states))
  }

  /// Makes a step on a batch.
  ///
  /// - Parameter progress: how much of the training is over, 0 to 1, for scheduled sampling.
  /// - Throws: `RuntimeError` for a batch that does not fit the model.
  public func run(
    _ batch: [String: TensorData], learningRate: Double, progress: Double = 0
  ) throws -> Result {
    try session.load(batch, besides: ownInputs)
    try session.withInput("learning_rate") { $0[0] = Float(learningRate) }
    try session.withInput("step") { $0[0] = Float(count + 1) }
    if takesSeed {
      let seed = CounterGenerator.dropoutSeed(seed, step: count)
      try session.withInput("dropout_seed", as: Int32.self) { $0[0] = seed }
    }
    if takesProgress { try session.withInput("training_progress") { $0[0] = Float(progress) } }
    try session.run()
    pending = nil
    count += 1
    var made: [String: TensorData] = [:]
    for name in outputs { made[name] = try session.output(name) }
    return Result(
      loss: try session.withOutput("loss") { Double($0[0]) },
      gradientNorm: try session.withOutput("gradient_norm") { Double($0[0]) }, outputs: made)
  }

  /// Forgets what the model itself carries from batch to batch: a new text begins.
  public func resetModelStates() throws {
    guard !modelStates.isEmpty else { return }
    let kept = try snapshot().tensors.filter { !modelStates.contains($0.key) }
    try restore(TrainingState(count: count, tensors: kept))
  }

  /// How the present sizes run, memory included; nil before the first step.
  public var plan: Plan? { session.plan }

  /// The memory that training holds, at its largest so far: parameters, optimizer state, a batch, and
  /// the arena of all between.
  public var bytes: Int { session.bytes }

  /// Parameters, optimizer state and the model's own states, at this moment.
  public func snapshot() throws -> TrainingState {
    TrainingState(count: count, tensors: try pending ?? session.snapshot().tensors)
  }

  /// Goes on from a snapshot, of this or another step of the same model and optimizer.
  public func restore(_ state: TrainingState) throws {
    try session.restore(SessionState(tensors: state.tensors))
    pending = state.tensors
    count = state.count
  }

  /// The parameters by name, as they are now.
  public func parameters() throws -> TensorCollection {
    var values = untrained
    let states = try snapshot().tensors
    for name in traced.module.parameters.map(\.name) {
      if let value = states[name] { values[name] = value }
    }
    return TensorCollection(values, name: "training")
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

extension CounterGenerator {
  /// What dropout draws from in a step, counted from 0.
  static func dropoutSeed(_ seed: UInt64, step: Int) -> Int32 {
    var generator = CounterGenerator(seed: seed, stream: "step \(step)")
    return Int32(truncatingIfNeeded: generator.next())
  }
}

extension Module {
  /// The module with those results of `main` only, and its states.
  fileprivate func keepingResults(_ names: Set<String>) -> Module {
    var module = self
    for index in module.functions.indices where module.functions[index].name == "main" {
      let function = module.functions[index]
      let kept = function.resultNames.indices.filter {
        names.contains(function.resultNames[$0]) || function.states[function.resultNames[$0]] != nil
      }
      var graph = function.graph
      graph.results = kept.map { function.graph.results[$0] }
      module.functions[index] = Function(
        name: function.name, graph: graph, resultNames: kept.map { function.resultNames[$0] },
        states: function.states)
    }
    return module
  }
}
