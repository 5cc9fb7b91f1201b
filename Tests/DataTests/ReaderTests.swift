import Foundation
import Testing

@testable import Sequent

@Suite struct ReaderTests {
  private func examples(
    _ contents: String, _ name: String = "a.tsv", format: DelimitedFormat? = nil,
    text: Column = .number(1), label: Column = .number(2)
  ) throws -> [[String]] {
    let files = try TemporaryFiles([name: contents])
    let reader = try LabelledTextReader(
      paths: [files.path(name)], format: format, textColumn: text, labelColumn: label)
    var examples: [[String]] = []
    try reader.forEach { example, line in
      examples.append([example.text, example.label, "\(line.number)"])
    }
    return examples
  }

  private func refusal(_ bytes: [UInt8], _ name: String = "a.tsv") throws -> String {
    let files = try TemporaryFiles([name: bytes])
    return files.message {
      try LabelledTextReader(paths: [files.path(name)]).forEach { _, _ in }
    }
  }

  private func refusal(_ text: String, _ name: String = "a.tsv") throws -> String {
    try refusal(Array(text.utf8), name)
  }

  @Test func linesEndInEveryWay() throws {
    let expected = [["a b", "x", "1"], ["\"é\"", "y", "2"]]
    #expect(try examples("a b\tx\n\"é\"\ty\n") == expected)
    #expect(try examples("a b\tx\r\n\"é\"\ty") == expected)
    #expect(try examples("\u{feff}a b\tx\n\"é\"\ty\r\n") == expected)
    #expect(try examples("\na b\tx\n\n\n") == [["a b", "x", "2"]])
  }

  @Test func columnsAreChosenByPlaceAndName() throws {
    let csv = "id,label,text\n1,x,\"a, \"\"b\"\"\n c\"\n2,y,d\"e\n"
    let expected = [["a, \"b\"\n c", "x", "2"], ["d\"e", "y", "4"]]
    #expect(try examples(csv, "a.csv", text: .name("text"), label: .name("label")) == expected)
    #expect(try examples(csv, "a.csv", text: .number(3)) == expected)
    #expect(
      try examples(
        "x;a\ny;\"b;\"\n", format: .init(delimiter: ";", isQuoted: true, hasHeader: false),
        text: .number(2), label: .number(1)) == [["a", "x", "1"], ["b;", "y", "2"]])
  }

  @Test func saysWhatIsWrongAndWhere() throws {
    #expect(try refusal("a\tx\nb\n") == "a.tsv: line 2: 1 field, expected 2 as before")
    #expect(try refusal("a\tx\n\nb\tx\tz\n") == "a.tsv: line 3: 3 fields, expected 2 as before")
    #expect(try refusal("a\n") == "a.tsv: line 1: 1 field, expected column 2")
    #expect(
      try refusal("a\tx\nb\t\n") == "a.tsv: line 2: an empty label, expected a text and a label")
    #expect(
      try refusal("\tx\n") == "a.tsv: line 1: an empty text, expected a text and a label")
    #expect(try refusal("") == "a.tsv: empty, expected records of a text and a label")
    #expect(try refusal("\n\r\n") == "a.tsv: empty, expected records of a text and a label")
    #expect(
      try refusal("t,l\n\"a\nb,x\n", "a.csv")
        == "a.csv: line 2: a quotation mark that is not closed")
    #expect(
      try refusal("t,l\n\"a\"b,x\n", "a.csv")
        == "a.csv: line 2: 'b' after a closing quotation mark, expected ','")
  }

  @Test func refusesWhatIsNoText() throws {
    #expect(
      try refusal([0x61, 0x09, 0x78, 0x0a, 0x62, 0xc3, 0xa9, 0xe9, 0x09, 0x78])
        == "a.tsv: line 2: byte 0xe9 at position 4, expected UTF-8")
    #expect(
      try refusal([0x61, 0x09, 0xc3]) == "a.tsv: line 1: byte 0xc3 at position 3, expected UTF-8")
    #expect(try refusal([0x61, 0, 0x09, 0x78]) == "a.tsv: line 1: a NUL byte, expected text")
    #expect(
      try refusal([0xff, 0xfe, 0x61, 0, 0x09, 0])
        == "a.tsv: line 1: begins as UTF-16 does, expected UTF-8")
    // Surrogates and overlong forms are no UTF-8.
    #expect(try refusal([0xed, 0xa0, 0x80]).contains("position 1, expected UTF-8"))
    #expect(try refusal([0x61, 0xc0, 0x80]).contains("position 2, expected UTF-8"))
  }

  @Test func saysWhichFileCannotBeOpened() throws {
    let files = try TemporaryFiles(["a.tsv": "a\tx\n"])
    func refusal(_ path: String) -> String {
      files.message { _ = try LabelledTextReader(paths: [files.path("a.tsv"), path]) }
    }
    #expect(refusal(files.path("b.tsv")) == "b.tsv: no such file or directory")
    #expect(refusal(files.folder).hasSuffix(": a folder, expected a file"))
    if getuid() != 0 {
      chmod(files.path("a.tsv"), 0)
      #expect(refusal(files.path("a.tsv")) == "a.tsv: permission denied")
    }
  }

  @Test func aPipeCanBeReadAgainAndAgain() throws {
    let files = try TemporaryFiles(["unused": ""])
    let path = files.path("pipe")
    #expect(mkfifo(path, 0o600) == 0)
    let contents = (0..<50_000).map { "text \($0)\tlabel\n" }.joined()
    let writer = Thread { try? Data(contents.utf8).write(to: URL(fileURLWithPath: path)) }
    writer.start()
    let reader = try LabelledTextReader(paths: [path])
    for _ in 0..<2 {
      var count = 0
      try reader.forEach { example, _ in
        if example.text == "text \(count)" { count += 1 }
      }
      #expect(count == 50_000)
    }
  }

  @Test func linesLongerThanABlockAreWhole() throws {
    let long = String(repeating: "é", count: 400_000)
    #expect(try examples("\(long)\tx\nb\t\(long)") == [[long, "x", "1"], ["b", long, "2"]])
  }

  @Test func sequencesAreReadAsLinesAndAsLists() throws {
    let files = try TemporaryFiles([
      "a.conll": "\n\nEU B-ORG\nrejects O\n\n# O\r\n\r\n-\tO\n New York\tB LOC",
      "b.tsv": "EU rejects\tB-ORG O\n",
      "c.conll": "1\tEU\tPROPN\t_\n2\trejects\tVERB\t_\n",
    ])
    var examples: [LabelledTokensReader.Example] = []
    var lines: [Int] = []
    try LabelledTokensReader(paths: [files.path("a.conll"), files.path("b.tsv")]).forEach {
      examples.append($0)
      lines.append($1.number)
    }
    #expect(
      examples.map(\.tokens) == [
        ["EU", "rejects"], ["#"], ["-", " New York"], ["EU", "rejects"],
      ])
    #expect(examples.map(\.labels) == [["B-ORG", "O"], ["O"], ["O", "B LOC"], ["B-ORG", "O"]])
    #expect(lines == [3, 6, 8, 1])
    let columns = try LabelledTokensReader(
      paths: [files.path("c.conll")], format: .lines(tokenColumn: 2, labelColumn: 3))
    let survey = try columns.survey(isLowercased: true)
    #expect(survey.labels == ["PROPN", "VERB"])
    #expect(try survey.vocabulary.encoding().vocabulary == ["<pad>", "<unk>", "eu", "rejects"])
  }

  @Test func saysWhatIsWrongWithASequence() throws {
    func refusal(_ text: String, _ name: String, _ format: LabelledTokensReader.Format? = nil)
      throws
      -> String
    {
      let files = try TemporaryFiles([name: text])
      return files.message {
        try LabelledTokensReader(paths: [files.path(name)], format: format).forEach { _, _ in }
      }
    }
    #expect(
      try refusal("a O\nb\n", "a.conll")
        == "a.conll: line 2: 1 column, expected a token in column 1 and a label in the last")
    #expect(
      try refusal("a O\n", "a.txt", .lines(tokenColumn: 2, labelColumn: 4))
        == "a.txt: line 1: 2 columns, expected a token in column 2 and a label in column 4")
    #expect(
      try refusal("a b\tO\n", "a.tsv")
        == "a.tsv: line 1: 2 tokens and 1 labels, expected as many of both")
    #expect(
      try refusal("a\tO\tx\n", "a.tsv")
        == "a.tsv: line 1: 2 tabs, expected tokens, a tab, and labels")
    #expect(
      try refusal("\n\n", "a.conll") == "a.conll: empty, expected lines of a token and a label")
  }

  @Test(arguments: ["\n", " ", ""])
  func blocksOfTextAreTheText(_ separator: String) throws {
    let text = (0..<30_000).map { "w\($0)é" }.joined(separator: separator)
    let files = try TemporaryFiles([
      "a.txt": "\u{feff}" + text.replacingOccurrences(of: "\n", with: "\r\n")
    ])
    var read = ""
    var count = 0
    try PlainTextReader(paths: [files.path("a.txt")]).forEach { block, line in
      #expect(block.utf8.count <= 1 << 14)
      #expect(line.number == (separator == "\n" ? read.utf8.count(where: { $0 == 0x0a }) : 0) + 1)
      read += block
      count += 1
    }
    #expect(read == text)
    #expect(count > 10)
  }

  @Test func textIsRefusedWithItsLine() throws {
    var bytes = Array(String(repeating: "0123456789\n", count: 5000).utf8)
    bytes[11 * 4000 + 3] = 0xff
    let files = try TemporaryFiles(["a.txt": bytes, "b.txt": []])
    #expect(
      files.message { try PlainTextReader(paths: [files.path("a.txt")]).forEach { _, _ in } }
        == "a.txt: line 4001: byte 0xff at position 4, expected UTF-8")
    #expect(
      files.message { try PlainTextReader(paths: [files.path("b.txt")]).forEach { _, _ in } }
        == "b.txt: empty, expected text")
  }

  @Test func aSplitIsByTheTextAndComplete() throws {
    let contents = (0..<4000).map { "word\($0 % 2000)\t\($0 < 2000 ? "x" : "y")\n" }.joined()
    let files = try TemporaryFiles(["a.tsv": contents])
    func texts(_ part: DataPart) throws -> [String] {
      var texts: [String] = []
      try LabelledTextReader(paths: [files.path("a.tsv")], part: part).forEach { example, _ in
        texts.append(example.text)
      }
      return texts
    }
    let (training, heldOut) = try (texts(.training(heldOut: 0.1)), texts(.heldOut(0.1)))
    #expect(training.count + heldOut.count == 4000)
    #expect(Set(training).isDisjoint(with: heldOut))
    #expect((300...500).contains(heldOut.count))
    #expect(
      files.message { _ = try texts(.heldOut(0)) }
        == "a.tsv: no example in the held-out 0.0 of the examples")
  }
}
