import SequentCompiler
import SequentIR
import SequentRuntime

/// Measures a model on data that it does not learn from.
final class Validation {
  private let module: Module
  private let task: ModelTask?
  private let threads: Int?

  init(_ training: TracedTraining, threads: Int?, options: CompilerOptions) throws {
    module = try compile(training.validation, options: options).module
    task = training.model.task
    self.threads = threads
  }

  /// The metrics of a model with the given parameters.
  func metrics(_ data: TrainingData, parameters: TensorCollection) throws -> [Metric] {
    var evaluation = Evaluation(task: task, charactersPerToken: data.charactersPerToken)
    guard let source = data.validation else { return [] }
    let session = try Executable(
      module, weights: TensorSourceParameters(source: parameters)
    ).session(threads: threads)
    let names = module.function("main")?.resultNames.filter(Evaluation.outputs(for: task).contains)
    let epoch = source.epoch(0)
    for number in 0..<epoch.batchCount {
      let batch = try epoch.batch(number)
      if !batch.continuesState { try session.reset() }
      try session.load(batch.tensors)
      try session.run()
      let outputs = try (names ?? []).map { ($0, try session.output($0)) }
      evaluation.add(
        batch, loss: try session.withOutput("loss") { Double($0[0]) },
        outputs: Dictionary(uniqueKeysWithValues: outputs))
    }
    return evaluation.metrics
  }
}
