import SequentIR
import SequentRuntime

/// Measures a compiled model on files of examples that it has not learned from.
///
///     let evaluation = try ModelEvaluation(CompiledModel(path: "pronounce.sequent"), ["test.tsv"])
///     print(evaluation.metrics)
public struct ModelEvaluation: Sendable {
  /// What the task is measured by: see `Evaluation`; a language model by its lines.
  public let metrics: [Metric]
  /// The errors of a model that makes texts of texts by how many tokens are read, from few to many.
  public let errorsByLength: [(length: Int, errors: SequenceErrorRate)]

  /// Reads the files as training does, and runs the model on them.
  ///
  /// - Throws: `FormatError` with file and line for data that can't be read, `PredictionError` for a
  ///   model without a task.
  public init(_ model: CompiledModel, _ paths: [String], threads: Int? = nil) throws {
    let task = try model.task()
    guard task.kind != .languageModel else {
      metrics = Self.metrics(of: try model.scorer(threads: threads).score(Self.lines(paths)))
      errorsByLength = []
      return
    }
    let files = TrainingFiles(paths, validation: paths)
    let recipe = TrainingRecipe(batch: 128)
    let data = try TrainingData(files, task: task, recipe: recipe, seed: 0)
    var evaluation = Evaluation(task: task)
    var byLength: [Int: SequenceErrorRate] = [:]
    if task.kind == .sequenceToSequence {
      let decoder = try SequenceDecoder(
        model.executable, target: task.text, context: task.context, threads: threads)
      let answers = try decoder.greedy(data.references.map(\.source))
      for (answer, reference) in zip(answers, data.references) {
        evaluation.add(answer: answer, accepted: reference.accepted)
        byLength[reference.source.count, default: SequenceErrorRate()]
          .add(answer: answer, accepted: reference.accepted)
      }
    } else if let batches = data.validation?.epoch(0) {
      let session = try model.session(threads: threads)
      let wanted = Set(session.function.inputs.map(\.name))
      for number in 0..<batches.batchCount {
        let batch = try batches.batch(number)
        let outputs = try session.run(batch.tensors.filter { wanted.contains($0.key) })
        evaluation.add(batch, outputs: outputs)
      }
    }
    metrics = evaluation.metrics.filter { $0.name != "loss" }
    errorsByLength = byLength.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// What the scores of a language model's lines come to.
  private static func metrics(of scores: [TextScore]) -> [Metric] {
    let logProbabilities = scores.reduce(0) { $0 + $1.logLikelihood }
    var score = LanguageModelScore()
    let tokens = scores.reduce(0) { $0 + $1.tokens.count }
    score.add(loss: -logProbabilities / Double(max(tokens, 1)), tokens: tokens)
    let characters = scores.reduce(0) { $0 + $1.characters }
    return [
      Metric("perplexity", score.perplexity),
      Metric("bits_per_character", score.bitsPerCharacter(characters: max(characters, 1))),
    ]
  }

  private static func lines(_ paths: [String]) throws -> [String] {
    try paths.flatMap { path in
      try FileContents(path: path).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        .split(separator: "\n").map(String.init)
    }
  }
}
