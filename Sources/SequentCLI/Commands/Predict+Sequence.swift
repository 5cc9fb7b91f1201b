import Sequent
import SequentBenchmarks

/// How many lines are answered before the first of their answers is printed.
private let linesAtOnce = 1024

/// The answers to a line as they are printed.
func printed(_ found: [SequenceAnswer], for line: String, _ format: AnswerFormat) -> String {
  let answers = found.map { answer in
    Answer(
      text: format == .json ? answer.text : escaped(answer.text),
      score: answer.hypothesis.score, logProbability: answer.hypothesis.logProbability)
  }
  return format == .json ? json(of: answers, for: line) : fields(of: answers)
}

/// Answers every line of standard input with a text.
func answer(
  _ predictor: SequencePredictor, _ options: SequenceOptions, _ format: AnswerFormat
) throws {
  var alignments: [(title: String, alignment: Alignment)] = []
  var reader = LineReader()
  var count = 0
  while let lines = try reader.nextLines() {
    for start in stride(from: 0, to: lines.count, by: linesAtOnce) {
      let lines = Array(lines[start...].prefix(linesAtOnce))
      let found = try namingLines(after: count) {
        try predictor.predict(lines, options.decoding)
      }
      count += lines.count
      try output(zip(lines, found).map { printed($1, for: $0, format) }.joined())
      guard options.alignmentPath != nil else { continue }
      for (line, found) in zip(lines, found) {
        guard let best = found.first else { continue }
        alignments.append(("\(line) → \(best.text)", predictor.alignment(of: line, best)))
      }
    }
  }
  guard let path = options.alignmentPath else { return }
  if path.hasSuffix(".svg") {
    try HeatMap.write(alignments.map { $0.alignment.heatMap(title: $0.title) }, to: path)
  } else {
    let objects = JSON.array(alignments.map(\.alignment.json))
    try replaceFile(at: path, with: "\(objects)\n")
  }
}
