import SequentCompiler
import SequentIR
import SequentRuntime

/// A model ready to run: its fused graph, its weights, and what it is for.
///
///     let model = try CompiledModel(Tagger().traced())
///     let session = try model.session()
///     let outputs = try session.run(["tokens": tokens, "lengths": lengths])
public struct CompiledModel: Sendable {
  /// The textbook graph and the task.
  public let traced: TracedModel
  /// What the passes did, and how long they took.
  public let report: CompilationReport
  /// The fused graph with its weights.
  public let executable: Executable
  /// How far matrices were rounded to be stored as bfloat16; nil where they are stored as float32.
  public private(set) var rounding: WeightRounding?
  private let weights: any TensorSource
  private let disabledPasses: Set<String>

  /// Compiles a model.
  ///
  /// - Parameters:
  ///   - weights: the parameters by name; drawn from `seed` without them.
  ///   - seed: what first values are drawn from.
  ///   - weightsType: how matrices are stored and kept; as in `weights` by default.
  ///   - options: which passes run.
  /// - Throws: for a parameter that the weights lack or that has another shape, an unknown pass, or
  ///   a weight too large for its type.
  public init(
    _ traced: TracedModel, weights: (any TensorSource)? = nil, seed: UInt64 = 0,
    weightsType: WeightsType = .float32, options: CompilerOptions = CompilerOptions()
  ) throws {
    var weights = try weights ?? traced.module.initialWeights(seed: seed)
    if weightsType == .bfloat16 {
      let rounded = RoundedTensors(source: weights, rounded: Set(traced.module.matrixNames))
      rounding = try rounded.rounding()
      weights = rounded
    }
    let (module, report) = try compile(traced.module, options: options)
    self.traced = traced
    self.report = report
    self.weights = weights
    disabledPasses = options.disabledPasses
    executable = try Executable(module, weights: TensorSourceParameters(source: weights))
  }

  /// Reads an artifact: the file is mapped, the graph compiled, without the passes that it was
  /// compiled without.
  ///
  /// - Throws: `FormatError` for a file that is not an artifact, `ParseError` for its graph.
  public init(path: String, options: CompilerOptions = CompilerOptions()) throws {
    try self.init(Artifact(path: path), options: options)
  }

  /// Compiles the model of an artifact.
  ///
  /// - Parameter weightsType: bfloat16 to have the matrices rounded if they are not yet.
  public init(
    _ artifact: Artifact, weightsType: WeightsType = .float32,
    options: CompilerOptions = CompilerOptions()
  ) throws {
    let module = try Module(parsing: artifact.ir)
    let task = artifact.task.isEmpty ? nil : try ModelTask(json: artifact.task)
    var options = options
    let disabled = artifact.entries[Self.disabledPassesEntry] ?? ""
    options.disabledPasses.formUnion(disabled.split(separator: ",").map(String.init))
    try self.init(
      TracedModel(module: module, task: task), weights: artifact.parameters,
      weightsType: weightsType, options: options)
    rounding = artifact.entries[Self.roundingEntry].flatMap(WeightRounding.init) ?? rounding
  }

  /// The model as a file's contents: the textbook graph, the task, the parameters.
  public var artifact: Artifact {
    get throws {
      let names = Set(traced.module.parameters.map(\.name))
      let parameters = TensorSelection(source: weights) { names.contains($0) }
      let disabled = disabledPasses.sorted().joined(separator: ",")
      var entries: [String: String] = [:]
      if !disabled.isEmpty { entries[Self.disabledPassesEntry] = disabled }
      if let rounding { entries[Self.roundingEntry] = rounding.text }
      return Artifact(
        ir: traced.module.description, task: try traced.task?.json() ?? "", entries: entries,
        parameters: parameters)
    }
  }

  /// The key under which an artifact lists passes that are left out.
  private static let disabledPassesEntry = "sequent.disabled_passes"

  /// The key under which an artifact records the rounding of its matrices.
  private static let roundingEntry = "sequent.weight_rounding"

  /// How the matrices are stored and kept.
  public var weightsType: WeightsType { rounding == nil ? .float32 : .bfloat16 }

  /// The bytes that the parameters take in an artifact.
  public var parameterBytes: Int {
    traced.module.parameters.compactMap { weights.description(of: $0.name) }.reduce(0) {
      $0 + $1.shape.reduce(1, *) * ($1.isBfloat16 ? 2 : 4)
    }
  }

  /// Writes the artifact, in the path's place when it is complete.
  public func write(to path: String) throws { try artifact.write(to: path) }

  /// A new session; several may run at once, each in a thread of its own.
  ///
  /// - Parameter threads: the most to use; by default what the machine allows.
  public func session(function: String = "main", threads: Int? = nil) throws -> Session {
    try executable.session(function: function, threads: threads)
  }

  /// What the model is for.
  ///
  /// - Throws: `PredictionError` for a model without a task.
  public func task() throws -> ModelTask {
    guard let task = traced.task else {
      throw PredictionError(
        message: "model '\(traced.module.name)' has no task: it runs, but does not answer text")
    }
    return task
  }

  /// Answers lines of text with labels, by the model's task.
  ///
  /// - Throws: `PredictionError` for a model that does not label.
  public func predictor(threads: Int? = nil) throws -> Predictor {
    let session = try session(threads: threads)
    return try Predictor(task: try task()) { try session.run($0) }
  }

  /// Makes vectors of texts, by the model's task.
  public func embedder(threads: Int? = nil) throws -> TextEmbedder {
    try TextEmbedder(try task(), session: session(threads: threads))
  }

  /// Forecasts rows of numeric series, by the model's task.
  public func seriesPredictor(threads: Int? = nil) throws -> SeriesPredictor {
    try SeriesPredictor(try task(), session: session(threads: threads))
  }

  /// Writes text, for a language model.
  public func generator(threads: Int? = nil) throws -> Generator {
    let task = try task()
    let cache =
      CachedReader.isPossible(executable.module)
      ? try CachedReader(executable, context: task.context, threads: threads) : nil
    return try Generator(task, session: session(threads: threads), cache: cache)
  }

  /// Answers lines of text with text, by the model's task.
  public func sequencePredictor(threads: Int? = nil) throws -> SequencePredictor {
    try SequencePredictor(try task(), executable, threads: threads)
  }

  /// Scores text, for a language model.
  public func scorer(threads: Int? = nil) throws -> TextScorer {
    try TextScorer(try task(), session: session(threads: threads))
  }
}

extension Model {
  /// The model compiled, its weights drawn from a seed.
  public func compiled(
    seed: UInt64 = 0, options: CompilerOptions = CompilerOptions()
  ) throws -> CompiledModel {
    try CompiledModel(traced(), seed: seed, options: options)
  }

  /// The model compiled with the weights of a checkpoint in any known convention.
  public func compiled(
    weights path: String, convention: CheckpointConvention? = nil,
    options: CompilerOptions = CompilerOptions()
  ) throws -> CompiledModel {
    let traced = try traced()
    return try CompiledModel(
      traced, weights: traced.module.weights(path: path, convention: convention), options: options)
  }
}

extension Module {
  /// First values of all parameters.
  public func initialWeights(seed: UInt64) throws -> TensorCollection {
    var tensors: [String: TensorData] = [:]
    for parameter in parameters {
      tensors[parameter.name] = try parameter.initialValues(seed: seed)
    }
    return TensorCollection(tensors, name: "initial values")
  }

  /// The parameters out of a checkpoint file in any known convention.
  ///
  /// - Throws: `CheckpointError` that names all that is missing, left over, or of another shape.
  public func weights(
    path: String, convention: CheckpointConvention? = nil
  ) throws -> TensorCollection {
    let source = try openTensors(path: path)
    let specifications = parameters.compactMap(ParameterSpecification.init)
    return TensorCollection(
      try importCheckpoint(source, for: specifications, convention: convention), name: path)
  }
}

/// Weights for the runtime: in place where a file holds them as they are, converted elsewhere.
struct TensorSourceParameters: ParameterSource {
  let source: any TensorSource

  func parameterType(_ name: String) -> (elementType: SequentIR.ElementType, shape: [Int])? {
    source.description(of: name).map { ($0.elementType, $0.shape) }
  }

  var bfloat16Parameters: Set<String> {
    Set(source.tensorNames.filter { source.description(of: $0)?.isBfloat16 ?? false })
  }

  func withElements<Result>(
    ofParameter name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    if let file = source as? SafetensorsFile, file.storedType(of: name) == "F32" {
      let inPlace = try file.withUnsafeBytes(of: name) { bytes -> Result? in
        UInt(bitPattern: bytes.baseAddress) % 4 == 0 ? try body(bytes) : nil
      }
      if let inPlace { return inPlace }
    }
    return try [name: source.tensor(named: name)].withElements(ofParameter: name, body)
  }
}

/// Some of a source's tensors.
private struct TensorSelection: TensorSource {
  let source: any TensorSource
  let isSelected: @Sendable (String) -> Bool

  var name: String { source.name }
  var metadata: [String: String] { [:] }
  var tensorNames: [String] { source.tensorNames.filter(isSelected) }

  func description(of tensor: String) -> TensorDescription? { source.description(of: tensor) }
  func tensor(named tensor: String) throws -> TensorData { try source.tensor(named: tensor) }
}
