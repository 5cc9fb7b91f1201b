import Sequent

/// Answers every line of standard input, the rows of a series, with the rows that follow.
func forecast(_ model: CompiledModel, _ format: AnswerFormat, threads: Int?) throws {
  let predictor = try model.seriesPredictor(threads: threads)
  var reader = LineReader()
  var count = 0
  while let lines = try reader.nextLines() {
    let windows = try lines.map { line in
      count += 1
      let name = "standard input:\(count)"
      let window = try rows(of: line, name)
      do throws(PredictionError) {
        try predictor.check(window)
      } catch {
        throw CommandError("\(name): \(error.message)")
      }
      return window
    }
    let answers = zip(lines, try predictor.predict(windows)).map { line, rows in
      let forecast = JSON.array(rows.map { JSON.array($0.map(number)) })
      guard format == .json else { return "\(forecast)\n" }
      let answer = JSON.object([JSON.Member(name: "answer", value: forecast)])
      return JSON.object([
        JSON.Member(name: "line", value: .string(line)),
        JSON.Member(name: "answers", value: .array([answer])),
      ]).description + "\n"
    }
    try output(answers.joined())
  }
}

/// The rows in a JSON array of arrays of numbers, or of numbers where there is one column.
private func rows(of line: String, _ name: String) throws -> [[Float]] {
  let json = try JSON(parsing: line, name: name)
  let rows = json.array?.map { row -> [Float]? in
    let numbers = row.array ?? [row]
    let values = numbers.compactMap { $0.number.map { Float($0) } }
    return values.count == numbers.count && values.allSatisfy(\.isFinite) ? values : nil
  }
  guard let rows, !rows.contains(nil) else {
    throw CommandError("\(name): expected an array of rows, each an array of numbers")
  }
  return rows.compactMap { $0 }
}

/// A number with no more digits than tell it from its neighbours.
func number(_ value: Float) -> JSON { .number(Double("\(value)") ?? Double(value)) }
