import Foundation
import Testing

/// `sequent predict` on a language model that writes at random: its weights are first values.
@Suite struct LanguageModelTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let result = try Sequent.shell(
      "sequent compile char-lm --set hidden=8 --set embedding=4 -o lm.sequent"
        + " && sequent compile language-of-word --set hidden=2 -o labels.sequent"
        + " && sequent compile gpt-small --set width=12 --set layers=1 --set feedForward=12"
        + " --set positions=learned --set context=20 -o gpt.sequent", in: folder.url)
    try #require(result.status == 0, "\(result)")
  }

  private func predict(_ arguments: String, input: String = "") throws -> Sequent.Result {
    try Sequent.shell("sequent predict \(arguments)", input: input, in: folder.url)
  }

  @Test func aSingleLineIsPrintedAsItIs() throws {
    let result = try predict("lm.sequent --length 300 --seed 1", input: "In the \n")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    #expect(result.output.hasPrefix("In the ") && result.output.count == 7 + 300 + 1)
    #expect(
      try predict("lm.sequent --length 300 --seed 1", input: "In the ").output == result.output)
    #expect(
      try predict("lm.sequent --length 300 --seed 2", input: "In the ").output != result.output)
    let threads = try predict("lm.sequent --length 300 --seed 1 --threads 1", input: "In the ")
    #expect(threads.output == result.output)
  }

  @Test func linesAreAnsweredByLines() throws {
    let prompts = ["In the ", "", "And", "In the "]
    let input = prompts.joined(separator: "\n") + "\n"
    let result = try predict("lm.sequent --length 200", input: input)
    let lines = result.output.split(separator: "\n").map {
      $0.split(separator: "\t").map(String.init)
    }
    try #require(lines.count == 4 && lines.allSatisfy { $0.count == 2 }, "\(result)")
    #expect(lines[0] == lines[3] && lines[0] != lines[2])
    #expect(lines.allSatisfy { (Double($0[1]) ?? 0) > 0.001 })
    #expect(lines.contains { $0[0].contains("\\n") }, "a line end is escaped")

    let json = try predict("lm.sequent --length 200 --format json", input: input)
    for (index, line) in json.output.split(separator: "\n").enumerated() {
      let object = try JSONDecoder().decode(Answers.self, from: Data(line.utf8))
      #expect(object.line == prompts[index] && object.answers.count == 1)
      let text = object.answers[0].answer.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
      #expect(text == lines[index][0])
    }
    let alone = try predict("lm.sequent --length 200", input: "And")
    let text = alone.output.dropLast().replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    #expect(text == "And" + lines[2][0], "alone as among others")
    let several = try predict("lm.sequent --length 5 --n-best 3", input: "a")
    #expect(several.output.split(separator: "\t").count == 6, "\(several)")
    #expect(try predict("lm.sequent").output.isEmpty)
  }

  private struct Answers: Decodable {
    struct Answer: Decodable {
      let answer: String
      let score: Double
    }
    let line: String
    let answers: [Answer]
  }

  @Test func aProgramGetsEachAnswerAtOnceAsJSON() throws {
    let result = try Sequent.shell(
      """
      coproc sequent predict lm.sequent --length 4 --format json
      for prompt in a b; do
        echo $prompt >&${COPROC[1]}
        read -r -t 60 line <&${COPROC[0]} && echo "$line"
      done
      """, in: folder.url)
    #expect(result.output.split(separator: "\n").count == 2, "\(result)")
  }

  @Test func textEndsAtTheContext() throws {
    let (longest, longer) = (String(repeating: "a", count: 20), String(repeating: "a", count: 21))
    let result = try predict("gpt.sequent --length 500 --format json", input: "a\n\(longest)\n")
    let counts = try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Answers.self, from: Data($0.utf8)).answers[0].answer.count
    }
    #expect(result.status == 0 && counts == [20, 1], "\(result)")
    #expect(try predict("gpt.sequent", input: "a").output.count == 22)
    let message = "21 tokens, but the model sees 20 at most\n"
    for (options, input, line) in [
      ("", longer, 1), ("", "a\n\(longer)\nb\n", 2), ("--format json", "a\n\n\(longer)\n", 3),
      ("--n-best 3", longer, 1), ("--score", "a\n\(longer)\n", 2),
    ] {
      let result = try predict("gpt.sequent \(options)", input: input)
      #expect(result.status == 1 && result.output.isEmpty, "\(result)")
      #expect(result.errors == "error: standard input:\(line): \(message)", "\(options)")
    }
  }

  @Test func aBeamLooksForTheBestText() throws {
    for model in ["lm.sequent", "gpt.sequent"] {
      let result = try predict("\(model) --beam 3 --n-best 2 --length 5", input: "a\n\nIn the\n")
      let lines = result.output.split(separator: "\n").map {
        $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      }
      try #require(lines.count == 3 && lines.allSatisfy { $0.count == 4 }, "\(result)")
      #expect(lines.allSatisfy { $0[0] != $0[2] && Double($0[1]) ?? 0 > Double($0[3]) ?? 0 })
      let alone = try predict("\(model) --beam 3 --n-best 2 --length 5", input: "In the")
      #expect(alone.output == lines[2].joined(separator: "\t") + "\n", "\(alone)")
      let first = try predict("\(model) --beam 1 --length 9 --format json", input: "a\n")
      let greedy = try predict("\(model) --temperature 0 --length 9 --format json", input: "a\n")
      let texts = try [first, greedy].map {
        try JSONDecoder().decode(Answers.self, from: Data($0.output.utf8)).answers.map(\.answer)
      }
      #expect(texts[0] == texts[1], "\(first)")
    }
  }

  @Test func textEndsAtAStop() throws {
    let whole = try predict("lm.sequent --length 100", input: "a").output.dropLast()
    let stop = try #require(whole.dropFirst(40).first)
    let ended = try Sequent.run(
      "predict", "lm.sequent", "--length", "100", "--stop", String(stop), "--stop", "\u{1}",
      input: "a", in: folder.url)
    let continuation = whole.dropFirst()
    #expect(ended.output == "a" + continuation.prefix { $0 != stop } + "\n", "\(ended)")
  }

  @Test func scoresAreHowProbableLinesAre() throws {
    let result = try predict("lm.sequent --score", input: "In the\n\nAz\n")
    let lines = result.output.split(separator: "\n").map {
      $0.split(separator: "\t").map(String.init)
    }
    try #require(lines.count == 3 && lines.allSatisfy { $0.count == 4 }, "\(result)")
    #expect(lines.map { $0[1] } == ["6", "0", "2"])
    #expect(lines[1] == ["0.0000", "0", "nan", "nan"])
    let numbers = lines[0].compactMap(Double.init)
    #expect(abs(numbers[2] - exp(-numbers[0] / 6)) < 0.01)
    #expect(abs(numbers[3] + numbers[0] / 6 / log(2)) < 0.001)

    struct Score: Decodable {
      struct Token: Decodable {
        let token: String
        let log_probability: Double
      }
      let line: String
      let log_likelihood: Double
      let tokens: [Token]
    }
    let json = try predict("lm.sequent --score --format json", input: "In the\n")
    let score = try JSONDecoder().decode(Score.self, from: Data(json.output.utf8))
    #expect(score.tokens.map(\.token).joined() == "In the")
    #expect(abs(score.tokens.map(\.log_probability).reduce(0, +) - score.log_likelihood) < 1e-9)
    #expect(abs(score.log_likelihood - numbers[0]) < 1e-4)
  }

  @Test(arguments: [
    ("--top-p 0", "option --top-p: 0 is not above 0"),
    ("--top-p 1.5", "option --top-p: 1.5 is not between 0.0 and 1.0"),
    ("--top-k 0", "option --top-k: 0 is not between 1 and 1000000000"),
    ("--min-p 2", "option --min-p: 2 is not between 0.0 and 1.0"),
    ("--temperature -1", "option --temperature: -1 is not between 0.0 and 1000000.0"),
    ("--temperature nan", "option --temperature: nan is not between 0.0 and 1000000.0"),
    ("--repetition-penalty 0", "option --repetition-penalty: 0 is not above 0"),
    ("--length 0", "option --length: 0 is not between 1 and 1000000000"),
    ("--seed -1", "option --seed: '-1' is not a whole number from 0"),
    ("--stop ''", "option --stop: an empty text ends nothing"),
    ("--score --seed 1", "option --seed: --score generates nothing"),
    ("--score --n-best 2", "option --n-best: --score has one answer for a line"),
    ("--temperature 0 --n-best 2", "option --n-best: --temperature 0 draws one answer"),
    ("--beam 2 --seed 1", "option --seed: --beam draws nothing"),
    ("--beam 2 --n-best 3", "option --n-best: 3 answers of --beam 2"),
    ("--beam 2 --stop x", "option --stop: --beam ends texts by the model alone"),
    ("--length-penalty 1", "option --length-penalty: without --beam text is drawn"),
    ("--score --beam 2", "option --beam: --score generates nothing"),
  ])
  func wrongUseIsSaid(_ options: String, _ message: String) throws {
    let result = try predict("lm.sequent \(options)", input: "a")
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.errors.hasPrefix("error: \(message)\n"), "\(result)")
  }

  @Test(arguments: [
    ("labels.sequent", "classify", ["--length 5", "--score", "--seed 1", "--stop x", "--beam 2"]),
    (
      "lm.sequent", "languageModel",
      ["--attention a.svg", "--coverage-penalty 1", "--max-length 3", "--prefix a"]
    ),
  ])
  func otherModelsHaveNoneOfThis(_ model: String, _ kind: String, _ all: [String]) throws {
    for options in all {
      let result = try predict("\(model) \(options)", input: "a")
      let option = options.split(separator: " ")[0]
      #expect(result.status == 2 && result.output.isEmpty, "\(result)")
      #expect(
        result.errors.hasPrefix(
          "error: option \(option): \(model) is a \(kind) model, which does not have it\n"),
        "\(result)")
    }
  }
}
