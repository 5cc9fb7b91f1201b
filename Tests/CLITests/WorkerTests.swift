import Foundation
import Testing

/// The worker: a case a line in, an answer a line out, at once, whatever the line holds.
@Suite struct WorkerTests {
  /// What an answer may hold.
  struct Answer: Decodable {
    var `case`: String?
    var contender: String
    var variant: String?
    var median_ms: Double?
    var min_ms: Double?
    var runs: Int?
    var max_abs_error: Double?
    var skipped: String?
  }

  private func answers(_ text: String) throws -> [Answer] {
    try text.split(separator: "\n").map {
      try JSONDecoder().decode(Answer.self, from: Data($0.utf8))
    }
  }

  static let cases = """
    {"name": "g", "kind": "gemm", "m": 3, "n": 5, "k": 7}
    {"name": "r", "kind": "rnn", "time": 4, "batch": 2, "input": 3, "hidden": 5}
    {"name": "l", "kind": "lstm", "time": 4, "batch": 3, "input": 3, "hidden": 5, "ragged": true}
    {"name": "b", "kind": "gru", "time": 4, "batch": 2, "input": 3, "hidden": 5, "layers": 2, "bidirectional": true}
    {"name": "a", "kind": "attention", "batch": 2, "heads": 2, "queries": 3, "keys": 4, "head_dim": 5, "causal": true}

    """

  @Test func everyKindIsTimed() throws {
    let result = try Sequent.run(
      "bench", "--cases", "-", "--variants", "fused", "--format", "jsonl", "--seconds", "0",
      input: Self.cases)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    let answers = try answers(result.output)
    #expect(answers.map(\.case) == ["g", "r", "l", "b", "a"])
    for answer in answers {
      #expect(answer.contender == "sequent" && answer.variant == "fused" && answer.skipped == nil)
      #expect(answer.runs ?? 0 >= 5 && answer.min_ms ?? 0 > 0)
      #expect(answer.median_ms ?? 0 >= answer.min_ms ?? 1)
    }
  }

  @Test func twoVariantsGiveTwoLinesAndTheirDifference() throws {
    let result = try Sequent.run(
      "bench", "--cases", "-", "--variants", "fused,unfused", "--format", "jsonl", "--seconds",
      "0", input: Self.cases)
    let answers = try answers(result.output)
    #expect(answers.map(\.case) == ["g", "g", "r", "r", "l", "l", "b", "b", "a", "a"], "\(result)")
    for answer in answers { #expect(answer.max_abs_error ?? 1 < 1e-5, "\(answer)") }
  }

  @Test func hostileLinesAreAnsweredAndTheWorkerGoesOn() throws {
    let lines = [
      "", "not JSON", "[]", "{}", "{\"name\": 3, \"kind\": \"gemm\"}", "{\"name\": \"x\"}",
      "{\"name\": \"x\", \"kind\": \"attention\"}", "{\"name\": \"x\", \"kind\": \"riddle\"}",
      "{\"name\": \"x\", \"kind\": \"lstm\", \"mode\": \"train\"}",
      "{\"name\": \"x\", \"kind\": \"gemm\", \"m\": -1, \"n\": 1, \"k\": 1}",
      "{\"name\": \"x\", \"kind\": \"gemm\", \"m\": 1048576, \"n\": 1048576, \"k\": 1048576}",
      "{\"name\": \"x\", \"kind\": \"gemm\", \"m\": 1e400, \"n\": 1, \"k\": 1}",
      String(repeating: "[", count: 100_000), "\u{0}\u{1}",
    ]
    let result = try Sequent.run(
      "bench", "--cases", "-", "--format", "jsonl", "--seconds", "0",
      input: lines.joined(separator: "\n") + "\n" + Self.cases)
    #expect(result.status == 0, "\(result)")
    let answers = try answers(result.output)
    #expect(answers.count == lines.count + 5)
    #expect(answers.prefix(lines.count).allSatisfy { $0.skipped != nil })
    #expect(answers.suffix(5).allSatisfy { $0.skipped == nil })
  }

  @Test func anAnswerComesBeforeTheNextCase() throws {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = Sequent.executable
    process.arguments = ["bench", "--cases", "-", "--format", "jsonl", "--seconds", "0"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    for line in Self.cases.split(separator: "\n").prefix(2) {
      try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
      let answer = output.fileHandleForReading.availableData
      #expect(answer.last == UInt8(ascii: "\n"))
      #expect(process.isRunning)
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func theProbeSaysWhatTheMachineCanDo() throws {
    let result = try Sequent.run("bench", "--probe")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    for word in ["multiply-add", "read from memory", "barrier"] {
      #expect(result.output.contains(word), "\(result)")
    }
  }

  @Test func profilesSayWhereTheTimeGoes() throws {
    let cases = """
      {"name": "step", "kind": "encoder", "mode": "train", "batch": 1, "time": 4, "layers": 1, \
      "width": 8, "heads": 2, "ffn": 16}
      {"name": "write", "kind": "decoder", "batch": 1, "prompt": 2, "generate": 3, "layers": 1, \
      "width": 8, "heads": 2, "ffn": 16, "vocabulary": 11}

      """
    let result = try Sequent.run(
      "bench", "--cases", "-", "--format", "jsonl", "--seconds", "0", "--profile", input: cases)
    #expect(result.status == 0, "\(result)")
    #expect(try answers(result.output).count == 2, "\(result)")
    for word in ["step", "write", "share", "attention_gradient", "update_rows"] {
      #expect(result.errors.contains(word), "\(result)")
    }
  }

  @Test func aBaselineIsMadeThenComparedWith() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.cases, to: "cases")
    let bench = "sequent bench --cases cases --seconds 0 --format jsonl --baseline base.json"
    let first = try Sequent.shell(bench, in: folder.url)
    #expect(first.status == 0 && first.errors == "wrote base.json\n", "\(first)")
    let second = try Sequent.shell(bench, in: folder.url)
    #expect(second.status == 0 && second.errors.hasPrefix("against the baseline"), "\(second)")
    #expect(second.errors.split(separator: "\n").count == 6, "\(second)")
    try folder.write("[1]", to: "base.json")
    let wrong = try Sequent.shell(bench, in: folder.url)
    #expect(
      wrong.status == 1 && wrong.errors == "error: base.json: not a baseline: no JSON object\n",
      "\(wrong)")
  }

  @Test func compiledModelsAreTimedAtEverySize() throws {
    let result = try Sequent.shell(
      "sequent bench language-of-word --variants fused,unfused --dim batch=1,3 --dim time=4,5"
        + " --threads 1 --seconds 0 --format csv")
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 9 && lines[0].hasPrefix("case,batch,time,variant,threads,"), "\(result)")
    #expect(lines[8].hasPrefix("LanguageOfWord,3,5,unfused,1,"), "\(result)")
    let missing = try Sequent.run("bench", "language-of-word", "--dim", "batch=1")
    #expect(missing.status == 2)
    #expect(
      missing.errors.hasPrefix("error: bench needs the size of every dimension: --dim time=SIZE\n"))
  }

  @Test func tablesHaveARowForEachVariant() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "[\(Self.cases.split(separator: "\n").joined(separator: ","))]", to: "cases.json")
    let result = try Sequent.shell(
      "sequent bench --cases cases.json --variants fused,unfused --seconds 0 --format markdown",
      in: folder.url)
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 12 && lines[1].hasPrefix("|---"), "\(result)")
    let csv = try Sequent.shell(
      "sequent bench --cases cases.json --seconds 0 --format csv | head -n 1", in: folder.url)
    #expect(csv.output.hasPrefix("case,variant,threads,median_ms,min_ms,runs,"), "\(csv)")
  }
}
