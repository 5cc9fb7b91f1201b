import Sequent
import SequentBenchmarks

/// How answers are printed.
private enum AnswerFormat: String, CaseIterable {
  /// The answer and its score, with tabs between them; further pairs follow.
  case text
  /// An object for each line.
  case json
}

private let best = Option<Int>(
  "n-best", "N", help: "how many answers a line gets, the best first; 1 when left out"
) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000) }
private let format = Option<AnswerFormat>("format", help: "how answers are printed; text at first")

/// `sequent predict`.
let predictCommand = Command(
  name: "predict", summary: "answers each line of standard input with a line",
  positionals: [ArtifactArgument.help], options: [best, format, SharedOptions.threads],
  discussion: """
    An answer's line has fields with tabs between them: the answer (a label, or for a tagger labels
    with spaces between them) and its probability. Lines that come together are run together; the
    answers don't depend on it.

        printf 'zwischen\\nthrough\\n' | sequent predict language.sequent
    """
) { arguments in
  let count = try arguments.value(best) ?? 1
  let format = try arguments.value(format) ?? .text
  let threads = try arguments.value(SharedOptions.threads)
  let model = try CompiledModel(try ArtifactArgument.open(try arguments.required(0)))
  let predictor = try model.predictor(threads: threads)
  var reader = LineReader()
  while let lines = try reader.nextLines() {
    let predictions = try predictor.predict(lines, best: count)
    let answers = zip(lines, predictions).map { line, prediction in
      switch format {
      case .text: prediction.fields
      case .json: prediction.json(for: line)
      }
    }
    try output(answers.joined())
  }
}

extension Prediction {
  /// Answers and scores with tabs between them.
  fileprivate var fields: String {
    choices.map { "\($0.text)\t\(fixed($0.score, 4))" }.joined(separator: "\t") + "\n"
  }

  /// The line and its answers as an object.
  fileprivate func json(for line: String) -> String {
    let answers = choices.map { choice in
      JSON.object([
        JSON.Member(name: "answer", value: .string(choice.text)),
        JSON.Member(name: "score", value: .number(choice.score)),
      ])
    }
    return JSON.object([
      JSON.Member(name: "line", value: .string(line)),
      JSON.Member(name: "answers", value: .array(answers)),
    ]).description + "\n"
  }
}
