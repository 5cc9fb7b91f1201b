import Foundation
import Testing

/// `sequent predict` on a model that answers text with text at random: its weights are first values.
@Suite struct SequenceTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let source =
      #"{"unit":"character","vocabulary":["<pad>","<unk>","a","b","c"],"unknown":1,"#
      + #""isLowercased":true}"#
    let text =
      #"{"unit":"word","vocabulary":["<pad>","<unk>","<s>","</s>","A","B","C"],"unknown":1,"#
      + #""isLowercased":false,"begin":2,"end":3}"#
    let sizes = "--set embedding=4 --set encoder=4 --set decoder=8 --set attention=4"
    let result = try Sequent.shell(
      "sequent compile pronounce \(sizes) --set source='\(source)' --set text='\(text)' "
        + "-o p.sequent && sequent compile pronounce \(sizes) --set source='\(source)' "
        + "--set text='\(text)' --set guidance=fixedContext -o fixed.sequent "
        + "&& sequent compile pronounce-transformer --set width=16 --set feedForward=16 "
        + "--set layers=2 --set positions=learned --set context=9 --set source='\(source)' "
        + "--set text='\(text)' -o t.sequent",
      in: folder.url)
    try #require(result.status == 0, "\(result)")
  }

  private func predict(_ arguments: String, input: String = "") throws -> Sequent.Result {
    try Sequent.shell("sequent predict \(arguments)", input: input, in: folder.url)
  }

  private func lines(_ result: Sequent.Result) -> [[String]] {
    result.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func everyLineIsAnsweredInOrder() throws {
    let input = "abc\n\nccccc\nxyz\nabc\n"
    let result = try predict("p.sequent --beam 4 --n-best 3", input: input)
    let lines = lines(result)
    try #require(result.status == 0 && lines.count == 5 && result.errors.isEmpty, "\(result)")
    #expect(lines.allSatisfy { $0.count == 6 } && lines[0] == lines[4])
    for line in lines {
      let scores = [1, 3, 5].compactMap { Double(line[$0]) }
      #expect(scores == scores.sorted(by: >) && scores.allSatisfy { $0 < 0 })
    }
    let alone = try predict("p.sequent --beam 4 --n-best 3 --threads 1", input: "ccccc")
    #expect(self.lines(alone) == [lines[2]])
    let greedy = try predict("p.sequent", input: input)
    #expect(try predict("p.sequent --beam 1", input: input).output == greedy.output)
    #expect(try predict("p.sequent --temperature 0", input: input).output == greedy.output)
    let sample = "p.sequent --temperature 1.5 --n-best 2 --seed 4"
    #expect(
      try predict(sample, input: input).output == predict(sample, input: input).output)
    let prefixed = try predict("p.sequent --prefix 'B A' --beam 2", input: input)
    #expect(self.lines(prefixed).allSatisfy { $0[0].hasPrefix("B A") })
    let short = try predict("p.sequent --max-length 2", input: "abc")
    #expect(self.lines(short)[0][0].split(separator: " ").count <= 2)
    #expect(try predict("p.sequent").output.isEmpty)
  }

  @Test func answersAsJSON() throws {
    struct Answers: Decodable {
      struct Answer: Decodable {
        let answer: String
        let score: Double
        let log_probability: Double
      }
      let line: String
      let answers: [Answer]
    }
    let result = try predict(
      "p.sequent --n-best 2 --length-penalty 0 --format json", input: "abc\n")
    let answers = try JSONDecoder().decode(Answers.self, from: Data(result.output.utf8))
    #expect(answers.line == "abc" && answers.answers.count == 2)
    #expect(answers.answers.allSatisfy { $0.score == $0.log_probability })
  }

  @Test(arguments: ["p.sequent", "t.sequent --prefix 'A B'"])
  func attentionIsDrawn(_ model: String) throws {
    let result = try predict("\(model) --attention a.svg", input: "abc\n\ncx\n")
    #expect(result.status == 0 && lines(result).count == 3, "\(result)")
    let picture = try String(contentsOf: folder["a.svg"], encoding: .utf8)
    #expect(picture.split(separator: " →").count - 1 == 2 * 3, "once as titles, once for all")

    struct Alignment: Decodable {
      let source: [String]
      let target: [String]
      let weights: [[Double]]
    }
    let again = try predict("\(model) --attention a.json", input: "abc\n\ncx\n")
    #expect(again.output == result.output)
    let alignments = try JSONDecoder().decode(
      [Alignment].self, from: Data(contentsOf: folder["a.json"]))
    #expect(alignments.map(\.source) == [["a", "b", "c"], [], ["c", "<unk>"]])
    for (alignment, line) in zip(alignments, lines(result)) {
      #expect(alignment.target.joined(separator: " ") == line[0])
      #expect(alignment.weights.count == alignment.target.count)
      #expect(
        alignment.weights.allSatisfy {
          $0.isEmpty || ($0.count == alignment.source.count && abs($0.reduce(0, +) - 1) < 1e-5)
        })
    }
    let nowhere = try predict("\(model) --attention nowhere/a.svg", input: "abc")
    #expect(
      nowhere.status == 1 && nowhere.errors == "error: nowhere/a.svg: no such file or directory\n")
  }

  @Test func aLineThatIsTooLongIsNamed() throws {
    let input = String(repeating: "abc\n", count: 1030) + "abcabcabca\nabc\n"
    let result = try predict("t.sequent --beam 2", input: input)
    #expect(
      result.errors == "error: standard input:1031: 10 tokens, but the model sees 9 at most\n")
    #expect(result.status == 1 && lines(result).count == 1024)
    let answers = lines(try predict("t.sequent --max-length 50", input: "abcabcabc\n\n"))
    #expect(answers.count == 2 && answers.allSatisfy { $0[0].split(separator: " ").count <= 9 })
    let covered = "t.sequent --beam 4 --n-best 2 --coverage-penalty 0.5"
    #expect(
      try predict(covered, input: "abc").output
        != predict("t.sequent --beam 4 --n-best 2", input: "abc").output)
  }

  @Test(arguments: [
    ("p.sequent --temperature 0 --n-best 2", "option --n-best: --temperature 0 draws one answer"),
    ("p.sequent --beam 0", "option --beam: 0 is not between 1 and 10000"),
    ("p.sequent --beam 2 --n-best 3", "option --n-best: 3 answers of --beam 2"),
    ("p.sequent --beam 2 --top-k 3", "option --top-k: --beam draws nothing"),
    ("p.sequent --max-length 0", "option --max-length: 0 is not between 1 and 1000000000"),
    (
      "p.sequent --max-length 2 --prefix 'A B'",
      "option --max-length: 2 tokens, but --prefix has 2"
    ),
    ("p.sequent --prefix Q", "option --prefix: no answer begins with 'Q'"),
    ("p.sequent --attention a.png", "option --attention: 'a.png' ends with neither .svg nor .json"),
    ("p.sequent --length-penalty -1", "option --length-penalty: -1 is not between 0.0 and 100.0"),
    (
      "p.sequent --length 3",
      "option --length: p.sequent is a sequenceToSequence model, which does not have it"
    ),
    (
      "fixed.sequent --attention a.svg",
      "option --attention: the model does not show what it attends to"
    ),
    (
      "fixed.sequent --coverage-penalty 1",
      "option --coverage-penalty: the model does not show what it attends to"
    ),
  ])
  func wrongUseIsSaid(_ arguments: String, _ message: String) throws {
    let result = try predict(arguments, input: "abc")
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.errors.hasPrefix("error: \(message)\n"), "\(result)")
  }

  @Test func theModelInTheCommandPronounces() throws {
    let words = "sequence\nattention\nencoder\ndecoder\na\n"
    let greedy = try predict("pronounce", input: words)
    #expect(greedy.status == 0 && lines(greedy).count == 5, "\(greedy)")
    #expect(try predict("pronounce --beam 1", input: words).output == greedy.output)
    let several = lines(try predict("pronounce --beam 4 --n-best 3", input: words))
    #expect(several.allSatisfy { Set([$0[0], $0[2], $0[4]]).count == 3 })
    #expect(lines(try predict("pronounce --beam 4 --n-best 3", input: "encoder")) == [several[2]])
  }

  @Test func allFunctionsRunAndAreVerified() throws {
    let run = try Sequent.shell(
      "sequent run p.sequent --function encode --input 'source=[[2, 3, 4], [4, 0, 0]]' "
        + "--input 'source_lengths=[3, 1]'", in: folder.url)
    #expect(run.status == 0 && run.output.contains("\"memory.keys\""), "\(run)")
    for function in ["main", "encode", "step"] {
      for options in ["", "--bitwise"] {
        let verified = try Sequent.shell(
          "sequent verify p.sequent --function \(function) \(options)", in: folder.url)
        #expect(verified.status == 0, "\(function) \(options): \(verified)")
      }
    }
    let cached = try Sequent.shell(
      "sequent verify t.sequent --function step --dim slots=64", in: folder.url)
    #expect(cached.status == 0, "\(cached)")
    for (model, sizes) in [("p", ""), ("t", "--dim keys=7 --dim slots=64")] {
      let bench = try Sequent.shell(
        "sequent bench \(model).sequent --function step --seconds 0 --dim rows=4 --dim sources=2 "
          + "--dim source_time=5 \(sizes)", in: folder.url)
      #expect(bench.status == 0, "\(bench)")
    }
  }
}
