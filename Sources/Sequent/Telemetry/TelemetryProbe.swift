import SequentCompiler
import SequentIR
import SequentRuntime

/// Measures how a model's recurrent layers train: gradients by time step, saturation of gates.
///
///     let probe = try TelemetryProbe(model, .labels())
///     let record = try probe.measure(batch.tensors, at: step.snapshot())
///
/// A measurement is a forward and a backward pass of its own, step by step instead of by the fused
/// kernels, and packs the parameters anew: it takes the time of about ten training steps.
public struct TelemetryProbe: Sendable {
  private let telemetry: TelemetryFunction
  private let seed: UInt64
  private let threads: Int?

  /// Prepares measurements of a model with an objective.
  ///
  /// - Parameters:
  ///   - seed: the training's, so that dropout drops what the next training step drops.
  ///   - threads: the most to use; by default what the machine allows.
  public init(
    _ model: some Model, _ objective: Objective, seed: UInt64 = 0, threads: Int? = nil
  ) throws {
    try self.init(model.traced(for: objective), seed: seed, threads: threads)
  }

  /// Prepares measurements of a module as it is traced, whose function `main` has a result `loss`.
  public init(_ module: Module, seed: UInt64 = 0, threads: Int? = nil) throws {
    telemetry = try TelemetryFunction(module)
    self.seed = seed
    self.threads = threads
  }

  /// Measures on a batch.
  ///
  /// - Parameters:
  ///   - batch: the inputs of a training step.
  ///   - state: the training's at this moment: its parameters, and what the model carries from
  ///     batch to batch.
  /// - Throws: `RuntimeError` for a batch or parameters that do not fit the model.
  public func measure(
    _ batch: [String: TensorData], at state: TrainingState
  ) throws -> TelemetryRecord {
    let session = try Executable(telemetry.module, weights: state.tensors)
      .session(function: telemetry.function.name, threads: threads)
    let carried = Set(telemetry.function.states.values)
    try session.restore(SessionState(tensors: state.tensors.filter { carried.contains($0.key) }))
    var inputs = batch
    if telemetry.function.inputNames.contains("dropout_seed") {
      let seed = CounterGenerator.dropoutSeed(seed, step: state.count)
      inputs["dropout_seed"] = try .int32([seed], shape: [])
    }
    // What is measured is the model on what is given, not on what it says itself.
    if telemetry.function.inputNames.contains("training_progress") {
      inputs["training_progress"] = try .float32([0], shape: [])
    }
    return record(try session.run(inputs), step: state.count)
  }

  private func record(_ results: [String: TensorData], step: Int) -> TelemetryRecord {
    let layers = telemetry.layers.map { layer in
      let lengths = layer.lengths.flatMap { results[$0]?.integers }
      let byTime = { (name: String) in results[name]?.rootMeanSquareByTime(lengths) ?? [] }
      return TelemetryRecord.Layer(
        name: layer.name,
        states: layer.states.map { .init(name: $0.name, gradientNorms: byTime($0.result)) },
        gates: layer.gates.map {
          .init(name: $0.name, leftSaturated: byTime($0.left), rightSaturated: byTime($0.right))
        })
    }
    let norms = telemetry.parameters.map {
      ($0.name, results[$0.result]?.scalar ?? .nan)
    }
    return TelemetryRecord(
      step: step, loss: results["loss"]?.scalar ?? .nan, layers: layers,
      parameterGradientNorms: Dictionary(uniqueKeysWithValues: norms))
  }
}

extension TensorData {
  fileprivate var scalar: Float? {
    if case .float32(let values) = elements, values.count == 1 { values[0] } else { nil }
  }

  fileprivate var integers: [Int32]? {
    if case .int32(let values) = elements { values } else { nil }
  }

  /// For a tensor `[batch, time, …]`, by time step a row's root mean square, averaged over rows.
  ///
  /// Rows that do not reach a step do not count. In double: a small gradient's square is no float.
  fileprivate func rootMeanSquareByTime(_ lengths: [Int32]?) -> [Float] {
    guard case .float32(let values) = elements, shape.count >= 2 else { return [] }
    let (batch, time) = (shape[0], shape[1])
    let width = shape.dropFirst(2).reduce(1, *)
    let lengths = lengths.map { $0.map(Int.init) } ?? Array(repeating: time, count: batch)
    return (0..<(lengths.max() ?? 0)).map { t in
      let rows = (0..<batch).filter { t < lengths[$0] }
      let sum = rows.reduce(0.0) { sum, row in
        let start = (row * time + t) * width
        let squares = values[start..<start + width].reduce(0.0) { $0 + Double($1) * Double($1) }
        return sum + (squares / Double(width)).squareRoot()
      }
      return Float(sum / Double(rows.count))
    }
  }
}
