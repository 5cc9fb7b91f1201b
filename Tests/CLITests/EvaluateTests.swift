import Foundation
import Testing

/// `sequent evaluate`.
@Suite struct EvaluateTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // The model makes nothing of "through" that the file accepts.
    try folder.write(
      "sequence\tS IY K W AH N S\nattention\tX\nattention\tAH T EH N SH AH N\nthrough\tTH R UW\n",
      to: "said.tsv")
  }

  private func evaluate(_ arguments: String) throws -> Sequent.Result {
    try Sequent.shell("sequent evaluate \(arguments)", in: folder.url)
  }

  @Test func answersAreHeldAgainstTheNearestAcceptedOne() throws {
    let result = try evaluate("pronounce --data said.tsv")
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    try #require(result.status == 0 && lines.count == 3, "\(result)")
    #expect(lines[1][0] == "token_error_rate" && lines[2] == ["sequence_error_rate", "0.3333"])
  }

  @Test func errorsByLengthStandBesideThoseOfOtherModels() throws {
    let result = try evaluate(
      "pronounce --against pronounce --data said.tsv --by-length --plot length.svg")
    let lines = result.output.split(separator: "\n").dropFirst()
      .map { $0.split(separator: " ").map(String.init) }
    #expect(lines.map { $0.prefix(2) } == [["7", "1"], ["8", "1"], ["9", "1"]], "\(result)")
    #expect(lines.last == ["9", "1", "0.0", "0.0", "0.0", "0.0"], "\(result)")
    let picture = try String(contentsOf: folder["length.svg"], encoding: .utf8)
    #expect(picture.contains("Errors by length") && picture.contains("pronounce"))
  }

  @Test func everyTaskIsMeasured() throws {
    try folder.write("zwischen\tde\nthrough\ten\n", to: "words.tsv")
    let labels = try evaluate("language-of-word --data words.tsv")
    #expect(labels.output.contains("1.0000\n"), "\(labels)")
    #expect(!labels.output.contains("loss"), "\(labels)")
    try folder.write("In the begin\nning\n", to: "text.txt")
    let text = try Sequent.shell(
      "sequent compile char-lm --set hidden=8 -o lm.sequent"
        + " && sequent evaluate lm.sequent --data text.txt", in: folder.url)
    #expect(text.output.contains("perplexity") && text.output.contains("bits_per_character"))
    #expect(text.status == 0, "\(text)")
  }

  @Test(arguments: [
    ("pronounce", 2, "option --data is missing"),
    ("pronounce --data -", 2, "option --data: data are read several times"),
    ("pronounce --data none.tsv", 1, "none.tsv"),
    ("language-of-word --data said.tsv", 1, "said.tsv: line 1: the label 'S IY K W AH N S'"),
    ("pronounce --data said.tsv --plot /nowhere/a.svg", 1, "/nowhere/a.svg"),
  ])
  func whatCannotBeMeasuredIsAnError(_ arguments: String, _ status: Int32, _ message: String) throws
  {
    let result = try evaluate(arguments)
    #expect(result.status == status && result.errors.contains(message), "\(result)")
    #expect(result.output.isEmpty, "\(result)")
  }

  @Test func aTaskWithoutLengthsHasNoErrorsByLength() throws {
    try folder.write("zwischen\tde\n", to: "words.tsv")
    let result = try evaluate("language-of-word --data words.tsv --by-length")
    #expect(
      result.errors == "error: language-of-word: its task has no errors by length\n", "\(result)")
  }
}
