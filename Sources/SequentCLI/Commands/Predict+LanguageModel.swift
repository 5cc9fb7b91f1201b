import Sequent
import SequentBenchmarks

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How many lines are answered together when many come at once.
private let linesAtOnce = 64

/// Goes on with every line of standard input as a prompt.
func generate(
  _ model: CompiledModel, _ options: GenerationOptions, samples: Int, _ format: AnswerFormat,
  threads: Int?
) throws {
  let generator = try model.generator(threads: threads)
  let canPrintAsItIs = format == .text && samples == 1
  var reader = LineReader()
  var count = 0
  guard var lines = try reader.nextLines() else { return }
  if canPrintAsItIs, isatty(STDIN_FILENO) == 1 {
    repeat {
      for line in lines {
        try namingLines(after: count) { try write(line, generator, options) }
        count += 1
      }
      guard let more = try reader.nextLines() else { return }
      lines = more
    } while true
  }
  // One line alone is printed as it is: whether another follows has to be known before.
  if canPrintAsItIs, lines.count == 1 {
    guard let more = try reader.nextLines() else {
      return try namingLines(after: count) { try write(lines[0], generator, options) }
    }
    lines += more
  }
  repeat {
    // Answers come while others are still written.
    for start in stride(from: 0, to: lines.count, by: linesAtOnce) {
      let prompts = Array(lines[start...].prefix(linesAtOnce))
      let texts = try namingLines(after: count) {
        try generator.generate(prompts, options, samples: samples)
      }
      count += prompts.count
      let answers = zip(prompts, texts).map { line, texts in
        format == .json
          ? json(of: texts.map { Answer(text: $0.text, score: $0.meanProbability) }, for: line)
          : fields(of: texts.map { Answer(text: escaped($0.text), score: $0.meanProbability) })
      }
      try output(answers.joined())
    }
    guard let more = try reader.nextLines() else { return }
    lines = more
  } while true
}

/// Goes on with every line of standard input by a beam.
func generate(
  _ model: CompiledModel, beam options: DecodingOptions, _ format: AnswerFormat, threads: Int?
) throws {
  let generator = try model.generator(threads: threads)
  var reader = LineReader()
  var count = 0
  while let lines = try reader.nextLines() {
    for start in stride(from: 0, to: lines.count, by: linesAtOnce) {
      let prompts = Array(lines[start...].prefix(linesAtOnce))
      let found = try namingLines(after: count) { try generator.generate(prompts, beam: options) }
      count += prompts.count
      try output(zip(prompts, found).map { printed($1, for: $0, format) }.joined())
    }
  }
}

/// Prints a prompt and what follows it, while it is written.
private func write(
  _ prompt: String, _ generator: Generator, _ options: GenerationOptions
) throws {
  // Of a prompt that is refused nothing is printed.
  var pending = prompt
  _ = try generator.generate(prompt, options) { text in
    try output(pending + text)
    pending = ""
  }
  try output(pending + "\n")
}

/// A text in one line and one field.
func escaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Says how probable every line of standard input is.
func score(_ model: CompiledModel, _ format: AnswerFormat, threads: Int?) throws {
  let scorer = try model.scorer(threads: threads)
  var reader = LineReader()
  var count = 0
  while let lines = try reader.nextLines() {
    let scores = try namingLines(after: count) { try scorer.score(lines) }
    count += lines.count
    let answers = zip(lines, scores).map { line, score in
      format == .json ? json(of: score, for: line, scorer.encoder) : fields(of: score)
    }
    try output(answers.joined())
  }
}

/// Log likelihood, number of tokens, perplexity and bits per character.
private func fields(of score: TextScore) -> String {
  [
    fixed(score.logLikelihood, 4), "\(score.tokens.count)", fixed(score.perplexity, 4),
    fixed(score.bitsPerCharacter, 4),
  ].joined(separator: "\t") + "\n"
}

private func json(of score: TextScore, for line: String, _ encoder: TextEncoder) -> String {
  let tokens = zip(score.tokens, score.logProbabilities).map { token, logProbability in
    JSON.object([
      JSON.Member(name: "token", value: .string(encoder.encoding.vocabulary[Int(token)])),
      JSON.Member(name: "log_probability", value: .number(logProbability)),
    ])
  }
  return JSON.object([
    JSON.Member(name: "line", value: .string(line)),
    JSON.Member(name: "log_likelihood", value: .number(score.logLikelihood)),
    JSON.Member(name: "perplexity", value: .number(score.perplexity)),
    JSON.Member(name: "bits_per_character", value: .number(score.bitsPerCharacter)),
    JSON.Member(name: "tokens", value: .array(tokens)),
  ]).description + "\n"
}
