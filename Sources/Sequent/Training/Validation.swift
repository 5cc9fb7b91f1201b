import SequentCompiler
import SequentIR
import SequentRuntime

/// Measures a model on data that it does not learn from.
final class Validation {
  private let module: Module
  /// What answers, for a model that makes texts of texts.
  private let answering: Module?
  private let task: ModelTask?
  private let threads: Int?

  init(_ training: TracedTraining, threads: Int?, options: CompilerOptions) throws {
    module = try compile(training.validation, options: options).module
    task = training.model.task
    answering =
      task?.kind == .sequenceToSequence
      ? try compile(training.model.module, options: options).module : nil
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
    try answer(data.references, parameters, &evaluation)
    return evaluation.metrics
  }

  /// Answers what is read in the validation data, each time with what is most probable.
  private func answer(
    _ references: [TrainingData.Reference], _ parameters: TensorCollection,
    _ evaluation: inout Evaluation
  ) throws {
    guard let answering, let task, !references.isEmpty else { return }
    let decoder = try SequenceDecoder(
      Executable(answering, weights: TensorSourceParameters(source: parameters)),
      target: task.text, context: task.context, threads: threads)
    let answers = try decoder.greedy(references.map(\.source))
    for (answer, reference) in zip(answers, references) {
      evaluation.add(answer: answer, accepted: reference.accepted)
    }
  }
}
