import Sequent
import SequentBenchmarks

/// How answers are printed.
enum AnswerFormat: String, CaseIterable {
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
  positionals: [ArtifactArgument.help],
  options: [best, format] + BeamOptions.all + SequenceOptions.all + LanguageModelOptions.all
    + SamplingOptions.all + [SharedOptions.threads],
  discussion: """
    An answer's line has fields with tabs between them: the answer (a label, or for a tagger labels
    with spaces between them) and its probability. Lines that come together are run together; the
    answers don't depend on it.

        printf 'zwischen\\nthrough\\n' | sequent predict language.sequent

    A model that answers a text with a text prints it and its score: the logarithm of its
    probability, divided by ((5 + its length) / 6)^0.6. --beam looks for the answers of the largest
    score, the most probable token at every step is taken without it; --n-best alone is a beam of as
    many. Options of drawing make every answer a sample. --attention writes what the first answer
    to each line attends to.

        sequent predict pronounce.sequent --beam 4 --n-best 3 --attention a.svg <<< attention

    A language model goes on with each line as its prompt. A single line, and what is typed at a
    terminal, is printed with what follows it as it is, while it is written. Several lines are
    answered by a line each: the text that follows, in which \\n, \\t, \\r and \\\\ stand for line ends,
    tabs and backslashes, and the mean probability of its tokens; so is each line with --n-best,
    whose texts are drawn apart. Equal prompts get equal answers: the seed tells them apart. With
    --format json every line is answered at once, as a program that waits for it needs. --beam draws
    nothing: it answers each line with the text of the largest score, --n-best with those after it.

        sequent predict lm.sequent --length 300 --seed 1 <<< 'In the '

    A forecaster takes a line as a JSON array of rows, oldest first, each an array with a number for
    every column (or, for one column, an array of numbers), and answers with the rows that follow:

        sequent predict forecaster.sequent <<< '[[20.5, 1013], [21.0, 1012], ...]'

    A model of sentence embeddings answers with a line's vector, a JSON array.

    --score answers with a line's log likelihood in nats, its number of tokens, its perplexity and
    its bits per character; as JSON also with every token's log probability. A line follows the
    model's begin token or a line's end, and its end token counts if the model has one.

        sequent predict lm.sequent --score < lines.txt

    A line of more tokens than the model sees is an error; what it writes ends there.
    """
) { arguments in
  let count = try arguments.value(best)
  let format = try arguments.value(format) ?? .text
  let threads = try arguments.value(SharedOptions.threads)
  let model = try CompiledModel(try ArtifactArgument.open(try arguments.required(0)))
  let kind = try model.task().kind
  if let option = options(otherThanOf: kind).first(where: { arguments.has($0.name) }) {
    throw UsageError(
      "option --\(option.name): \(try arguments.required(0)) is a \(kind.rawValue) model, which "
        + "does not have it")
  }
  switch kind {
  case .languageModel:
    let options = try LanguageModelOptions(arguments, count: count ?? 1)
    if let beam = options.beam { return try generate(model, beam: beam, format, threads: threads) }
    guard options.isScoring else {
      return try generate(
        model, options.generation, samples: count ?? 1, format, threads: threads)
    }
    guard count == nil else {
      throw UsageError("option --n-best: --score has one answer for a line")
    }
    try score(model, format, threads: threads)
  case .sequenceToSequence:
    let predictor = try model.sequencePredictor(threads: threads)
    try answer(
      predictor, try SequenceOptions(arguments, count: count, for: predictor), format)
  case .forecast:
    guard count == nil else { throw UsageError("option --n-best: a forecast is one answer") }
    try forecast(model, format, threads: threads)
  case .embed:
    guard count == nil else { throw UsageError("option --n-best: an embedding is one answer") }
    try embed(model, format, threads: threads)
  case .classify, .tag:
    try label(try model.predictor(threads: threads), best: count ?? 1, format)
  }
}

/// Runs `body` on lines of standard input, of which others came before; an error about one names it.
func namingLines<Result>(after count: Int, _ body: () throws -> Result) throws -> Result {
  do { return try body() } catch let error as ContextError {
    throw CommandError(error.message(of: "standard input:\(count + error.index + 1)"))
  }
}

/// The options that models of a kind do not have.
private func options(otherThanOf kind: ModelTask.Kind) -> [any AnyOption] {
  switch kind {
  case .languageModel: SequenceOptions.all
  case .sequenceToSequence: LanguageModelOptions.all
  case .classify, .tag, .forecast, .embed:
    BeamOptions.all + SequenceOptions.all + LanguageModelOptions.all + SamplingOptions.all
  }
}

/// Answers every line of standard input with labels.
private func label(_ predictor: Predictor, best count: Int, _ format: AnswerFormat) throws {
  var reader = LineReader()
  while let lines = try reader.nextLines() {
    let predictions = try predictor.predict(lines, best: count)
    let answers = zip(lines, predictions).map { line, prediction in
      let answers = prediction.choices.map { Answer(text: $0.text, score: $0.score) }
      return format == .json ? json(of: answers, for: line) : fields(of: answers)
    }
    try output(answers.joined())
  }
}

/// An answer to a line, as it is printed.
struct Answer {
  let text: String
  let score: Double
  /// Where it is not the score's.
  var logProbability: Double?
}

/// Answers and scores with tabs between them.
func fields(of answers: [Answer]) -> String {
  answers.map { "\($0.text)\t\(fixed($0.score, 4))" }.joined(separator: "\t") + "\n"
}

/// A line and its answers as an object.
func json(of answers: [Answer], for line: String) -> String {
  let answers = answers.map { answer in
    JSON.object(
      [
        JSON.Member(name: "answer", value: .string(answer.text)),
        JSON.Member(name: "score", value: .number(answer.score)),
      ]
        + (answer.logProbability.map { [JSON.Member(name: "log_probability", value: .number($0))] }
          ?? []))
  }
  return JSON.object([
    JSON.Member(name: "line", value: .string(line)),
    JSON.Member(name: "answers", value: .array(answers)),
  ]).description + "\n"
}
