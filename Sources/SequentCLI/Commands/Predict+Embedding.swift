import Sequent

/// Answers every line of standard input with its vector, a JSON array.
func embed(_ model: CompiledModel, _ format: AnswerFormat, threads: Int?) throws {
  let embedder = try model.embedder(threads: threads)
  var reader = LineReader()
  while let lines = try reader.nextLines() {
    let answers = zip(lines, try embedder.embed(lines)).map { line, vector in
      let array = JSON.array(vector.map(number))
      guard format == .json else { return "\(array)\n" }
      let answer = JSON.object([JSON.Member(name: "answer", value: array)])
      return JSON.object([
        JSON.Member(name: "line", value: .string(line)),
        JSON.Member(name: "answers", value: .array([answer])),
      ]).description + "\n"
    }
    try output(answers.joined())
  }
}
