import Foundation
import Testing

/// `sequent train` on pairs of texts, and what is done with the model.
@Suite struct SequenceTrainingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // Every letter has a sound of its own; "x" has two.
    let sounds = ["a": "AH", "b": "B", "c": "K", "x": "K S"]
    let letters = ["a", "b", "c", "x"]
    let words = (0..<200).map { number in
      (0...number % 4).map { letters[(number / 3 + $0 * (number % 5)) % 4] }
    }
    let lines = words.map {
      "\($0.joined())\t\($0.compactMap { sounds[$0] }.joined(separator: " "))"
    }
    try folder.write(lines.joined(separator: "\n"), to: "train.tsv")
    try folder.write("abc\tX\nabc\tAH B K\nxa\tK S AH\n", to: "dev.tsv")
  }

  private static let small =
    "sequent train pronounce --data train.tsv --validation dev.tsv --batch 16 --learning-rate 0.02"
    + " --set embedding=8 --set encoder=12 --set decoder=16 --set attention=12 --set dropout=0"

  @Test func learnsAnswersAndShowsWhatItAttendsTo() throws {
    let trained = try Sequent.shell(
      Self.small + " --epochs 12 -o small.sequent", in: folder.url)
    try #require(trained.status == 0, "\(trained)")
    #expect(trained.errors.contains("200 pairs to learn from, 3 held out"), "\(trained)")
    #expect(
      trained.errors.contains("token_error_rate 0.0000 sequence_error_rate 0.0000"), "\(trained)")
    let answers = try Sequent.shell(
      "printf 'xa\\nabc\\n' | sequent predict small.sequent --beam 3 --attention a.json"
        + " && sequent inspect small.sequent", in: folder.url)
    let lines = answers.output.split(separator: "\n")
    #expect(answers.status == 0 && lines.count > 3, "\(answers)")
    #expect(lines[0].hasPrefix("K S AH\t-") && lines[1].hasPrefix("AH B K\t-"), "\(answers)")
    for part in ["function encode", "function step", "task        sequenceToSequence"] {
      #expect(answers.output.contains(part), "\(answers)")
    }
    let alignment = try JSONSerialization.jsonObject(with: Data(contentsOf: folder["a.json"]))
    let maps = try #require(alignment as? [[String: Any]])
    #expect(maps.count == 2)
  }

  @Test func interruptedEqualsUninterrupted() throws {
    let result = try Sequent.shell(
      Self.small + " --set feedback=0.5 --epochs 2 -o whole.sequent && "
        + Self.small + " --set feedback=0.5 --epochs 1 -o parts.sequent && "
        + Self.small + " --set feedback=0.5 --epochs 2 --restart -o again.sequent --threads 1",
      in: folder.url)
    try #require(result.status == 0, "\(result)")
    #expect(
      try Data(contentsOf: folder["whole.sequent"]) == Data(contentsOf: folder["again.sequent"]))
    #expect(
      try Data(contentsOf: folder["whole.sequent"]) != Data(contentsOf: folder["parts.sequent"]))
  }

  @Test(arguments: [
    ("abc\n", "train.tsv: line 1: "), ("abc\t\n", "train.tsv: line 1: an empty target"),
    ("", "train.tsv: empty"),
  ])
  func dataThatAreNoPairsAreErrors(_ text: String, _ message: String) throws {
    try folder.write(text, to: "train.tsv")
    let result = try Sequent.shell(Self.small + " -o small.sequent", in: folder.url)
    #expect(result.status == 1 && result.errors.contains(message), "\(result)")
  }
}
