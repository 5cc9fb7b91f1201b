import Sequent
import SequentBenchmarks
import SequentIR

private let data = Option<String>(
  "data", "FILE", isRepeatable: true,
  help: "what is measured on, in the form that training takes; lines of text for a language model")
private let against = Option<String>(
  "against", "FILE", isRepeatable: true, help: "another compiled model, to stand beside the first")
private let byLength = Flag(
  "by-length", help: "errors by the length of what is read, for a model that makes texts of texts")
private let plot = Option<String>(
  "plot", "FILE.svg", help: "draws the errors by length of all models")

/// `sequent evaluate`.
let evaluateCommand = Command(
  name: "evaluate", summary: "measures compiled models on examples",
  positionals: [ArtifactArgument.help],
  options: [data, against, byLength, plot, SharedOptions.threads],
  discussion: """
    Prints the metrics of the model's task, a line each. Answers are held against the nearest of
    those that the data accept.

        sequent evaluate pronounce.sequent --data dev.tsv
        sequent evaluate attention.sequent --against fixed.sequent --data dev.tsv --by-length
    """
) { arguments in
  let paths = try arguments.values(data)
  guard !paths.isEmpty else { throw UsageError("option --data is missing") }
  for path in paths where path == "-" {
    throw UsageError("option --data: data are read several times, which '-' can't be")
  }
  let names = [try arguments.required(0)] + (try arguments.values(against))
  let threads = try arguments.value(SharedOptions.threads)
  let drawing = try arguments.value(plot)
  let evaluations = try names.map { name in
    (name, try ModelEvaluation(CompiledModel(ArtifactArgument.open(name)), paths, threads: threads))
  }
  if arguments.has(byLength) || drawing != nil {
    for (name, evaluation) in evaluations where evaluation.errorsByLength.isEmpty {
      throw CommandError("\(name): its task has no errors by length")
    }
  }
  if let drawing { try replaceFile(at: drawing, with: picture(evaluations).svg()) }
  try output(arguments.has(byLength) ? tableByLength(evaluations) : table(evaluations))
}

/// A row for every metric, a column for every model.
private func table(_ evaluations: [(name: String, ModelEvaluation)]) -> String {
  var table = TextTable(titles: ["metric"] + evaluations.map(\.name))
  for metric in evaluations[0].1.metrics {
    table.append(
      [metric.name]
        + evaluations.map { _, evaluation in
          evaluation.metrics.first { $0.name == metric.name }.map { fixed($0.value, 4) } ?? ""
        })
  }
  return table.text
}

/// A row for every length, two columns for every model.
private func tableByLength(_ evaluations: [(name: String, ModelEvaluation)]) -> String {
  var table = TextTable(
    titles: ["length", "examples"]
      + evaluations.flatMap { ["\($0.name): tokens wrong %", "sequences wrong %"] })
  for (length, errors) in evaluations[0].1.errorsByLength {
    table.append(
      [String(length), String(errors.count)]
        + evaluations.flatMap { _, evaluation -> [String] in
          guard let errors = evaluation.errorsByLength.first(where: { $0.length == length })?.errors
          else { return ["", ""] }
          return [fixed(100 * errors.tokenErrorRate, 1), fixed(100 * errors.sequenceErrorRate, 1)]
        })
  }
  return table.text
}

private func picture(_ evaluations: [(name: String, ModelEvaluation)]) -> LinePlot {
  LinePlot(
    title: "Errors by length", xLabel: "tokens read", yLabel: "tokens wrong, %",
    series: evaluations.map { name, evaluation in
      LinePlot.Series(
        name,
        points: evaluation.errorsByLength.map {
          (Double($0.length), 100 * $0.errors.tokenErrorRate)
        })
    }, yIncluding: [0])
}
