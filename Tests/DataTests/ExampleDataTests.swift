import Foundation
import SequentIR
import Testing

@testable import Sequent

@Suite struct ExampleDataTests {
  private func characters(_ tokens: String, begin: Int? = nil, end: Int? = nil) -> TextEncoding {
    TextEncoding(
      unit: .character, vocabulary: ["<pad>", "<unk>", "<s>", "</s>"] + tokens.map { String($0) },
      unknown: 1, begin: begin, end: end)
  }

  @Test func classificationBatchesArePadded() throws {
    let files = try TemporaryFiles(["a.tsv": "ab\tx\nb\ty\ncab\tx\n"])
    let reader = try LabelledTextReader(paths: [files.path("a.tsv")])
    let task = ModelTask.classify(labels: ["x", "y"], text: characters("ab"))
    let data = try ClassificationData(reader, task: task)
    let batch = try data.batch([1, 2])
    #expect(batch.tensors["tokens"] == (try .int32([5, 0, 0, 1, 4, 5], shape: [2, 3])))
    #expect(batch.tensors["lengths"] == (try .int32([1, 3], shape: [2])))
    #expect(batch.tensors["labels"] == (try .int32([1, 0], shape: [2])))
    #expect(batch.tokenCount == 4 && batch.examples == [1, 2] && !batch.continuesState)
    #expect(data.size(of: 0) == ExampleSize(input: 2))
    let other = ModelTask.classify(labels: ["x", "z"], text: task.text)
    #expect(
      files.message { _ = try ClassificationData(reader, task: other) }
        == "a.tsv: line 2: the label 'y', expected one of x, z")
  }

  @Test func taggingBatchesIgnoreLabelsBehindTheEnd() throws {
    let files = try TemporaryFiles(["a.conll": "a O\nb P\n\nb O\n"])
    let reader = try LabelledTokensReader(paths: [files.path("a.conll")])
    let task = ModelTask.tag(labels: ["O", "P"], text: characters("ab"))
    let batch = try TaggingData(reader, task: task).batch([0, 1])
    #expect(batch.tensors["tokens"] == (try .int32([4, 5, 5, 0], shape: [2, 2])))
    #expect(batch.tensors["lengths"] == (try .int32([2, 1], shape: [2])))
    #expect(batch.tensors["labels"] == (try .int32([0, 1, 0, -1], shape: [2, 2])))
    let other = ModelTask.tag(labels: ["O"], text: task.text)
    #expect(
      files.message { _ = try TaggingData(reader, task: other) }
        == "a.conll: line 1: the label 'P', expected one of O")
  }

  @Test func wordsInPiecesAreLabelledOnce() throws {
    let files = try TemporaryFiles(["a.conll": "ab O\nc P\n\nabb O\n"])
    let reader = try LabelledTokensReader(paths: [files.path("a.conll")])
    let text = TextEncoding(
      unit: .wordPiece, vocabulary: ["[UNK]", "[CLS]", "[SEP]", "a", "##b"], unknown: 0,
      isLowercased: true, template: .bert(begin: 1, end: 2))
    let task = ModelTask.tag(labels: ["O", "P"], text: text)
    let batch = try TaggingData(reader, task: task).batch([0, 1])
    #expect(
      batch.tensors["tokens"] == (try .int32([1, 3, 4, 0, 2, 1, 3, 4, 4, 2], shape: [2, 5])))
    #expect(
      batch.tensors["labels"]
        == (try .int32([-1, 0, -1, 1, -1, -1, 0, -1, -1, -1], shape: [2, 5])))
  }

  @Test func pairsHaveTargetsToReadAndToSay() throws {
    let files = try TemporaryFiles(["a.tsv": "ab\tK AH\nb\tB\nab\tAH\n"])
    let reader = try TextPairReader(paths: [files.path("a.tsv")])
    let survey = try reader.survey(sourceUnit: .character, targetUnit: .word)
    let target = try survey.target.encoding(marksBegin: true, marksEnd: true)
    #expect(target.vocabulary == ["<pad>", "<unk>", "<s>", "</s>", "AH", "B", "K"])
    let data = try TextPairData(reader, source: survey.source.encoding(), target: target)
    #expect(data.count == 3 && data.examplesBySource == [[0, 2], [1]])
    #expect(data.size(of: 0) == ExampleSize(input: 2, output: 3))
    let batch = try data.batch([0, 1])
    #expect(batch.tensors["source"] == (try .int32([3, 2, 2, 0], shape: [2, 2])))
    #expect(batch.tensors["source_lengths"] == (try .int32([2, 1], shape: [2])))
    #expect(batch.tensors["target"] == (try .int32([2, 6, 4, 2, 5, 0], shape: [2, 3])))
    #expect(batch.tensors["labels"] == (try .int32([6, 4, 3, 5, 3, -1], shape: [2, 3])))
    #expect(batch.tensors["target_lengths"] == (try .int32([3, 2], shape: [2])))
    #expect(try data.target(of: 2) == [4] && data.source(of: 1) == [2])
    #expect(throws: VocabularyError.self) {
      try TextPairData(reader, source: target, target: survey.target.encoding())
    }
  }

  /// Streams side by side, read window by window, are the text; every token is predicted once.
  @Test(arguments: [(1, 4), (3, 4), (3, 100), (7, 1), (40, 5)])
  func languageModelStreamsAreTheText(_ streams: Int, _ window: Int) throws {
    let text = "abcdefghij\nklmnopqrst\r\nuvwxyz"
    let files = try TemporaryFiles(["a.txt": text])
    let reader = try PlainTextReader(paths: [files.path("a.txt")])
    let data = try LanguageModelData(reader, text: reader.survey(unit: .character).encoding())
    #expect(data.tokenCount == 28 && data.characterCount == 28)
    let all = try data.tokens(0..<28)
    let epoch = data.batches(streams: streams, window: window).epoch(0)
    var rows = [[(token: Int32, next: Int32)]](repeating: [], count: streams)
    for number in 0..<epoch.batchCount {
      let batch = try epoch.batch(number)
      let tokens = try #require(batch.tensors["tokens"])
      let lengths = try #require(batch.tensors["lengths"])
      let labels = try #require(batch.tensors["labels"])
      #expect(batch.continuesState == (number > 0))
      #expect(tokens.shape == labels.shape && tokens.shape[0] == streams)
      #expect(tokens.shape[1] <= window)
      #expect(batch.tokenCount == lengths.integers.reduce(0) { $0 + Int($1) })
      for row in 0..<streams {
        for step in 0..<tokens.shape[1] {
          let place = row * tokens.shape[1] + step
          if step < lengths.integers[row] {
            rows[row].append((tokens.integers[place], labels.integers[place]))
          } else {
            #expect(labels.integers[place] == Batch.ignoredLabel)
          }
        }
      }
    }
    #expect(rows.joined().map(\.token) == Array(all.dropLast()))
    #expect(rows.joined().map(\.next) == Array(all.dropFirst()))
    for (row, next) in zip(rows, rows.dropFirst()) { #expect(row.count >= next.count) }
  }

  @Test func linesOfWordsHaveAnEnd() throws {
    let files = try TemporaryFiles(["a.txt": "b a\n\nb", "b.txt": "x"])
    let reader = try PlainTextReader(paths: [files.path("a.txt")])
    let encoding = try reader.survey(unit: .word).encoding(marksEnd: true)
    let data = try LanguageModelData(reader, text: encoding)
    #expect(try data.tokens(0..<data.tokenCount) == [3, 4, 2, 2, 3])
    #expect(data.characterCount == 6)
    let short = try PlainTextReader(paths: [files.path("b.txt")])
    #expect(
      files.message { _ = try LanguageModelData(short, text: encoding) }
        == "b.txt: a text of 1 token, expected at least 2")
  }

  @Test func forecastsAreWindowsOfScaledRows() throws {
    let rows = (0..<10).map { "2026-01-\($0),\($0),5,\(10 * $0)" }.joined(separator: "\n")
    let files = try TemporaryFiles(["a.csv": "date,x,constant,y\n" + rows])
    let reader = try SeriesReader(
      paths: [files.path("a.csv")], columns: [.name("y"), .name("x"), .name("constant")])
    let windows = ForecastData.Windows(inputLength: 3, horizon: 2, stride: 2, targets: ["x"])
    let data = try ForecastData(reader, windows: windows)
    // 0…9 has mean 4.5 and variance 33 / 4.
    let deviation = (33.0 / 4).squareRoot()
    #expect(data.scaling.columns == ["y", "x", "constant"])
    #expect(data.scaling.means == [45, 4.5, 5])
    #expect(
      zip(data.scaling.deviations, [10 * deviation, deviation, 1]).allSatisfy {
        abs($0 - $1) < 1e-12
      })
    #expect(data.count == 3)
    let batch = try data.batch([2, 0])
    let scaled = { (x: Double) in Float((x - 4.5) / deviation) }
    let values = try #require(batch.tensors["values"])
    #expect(values.shape == [2, 3, 3])
    let expected = [4, 5, 6, 0, 1, 2].flatMap { x -> [Float] in [scaled(x), scaled(x), 0] }
    #expect(zip(values.floats, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    let targets = try #require(batch.tensors["targets"])
    #expect(targets.shape == [2, 2, 1])
    #expect(zip(targets.floats, [7, 8, 3, 4].map(scaled)).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(abs(data.scaling.unscaled(targets.floats[0], column: 1) - 7) < 1e-5)
  }

  @Test func heldOutRowsAreTheEndOfASeries() throws {
    let files = try TemporaryFiles([
      "a.csv": "x\n" + (0..<10).map { "\($0)\n" }.joined(),
      "b.csv": "x\n" + (100..<110).map { "\($0)\n" }.joined(),
    ])
    let reader = try SeriesReader(paths: [files.path("a.csv"), files.path("b.csv")])
    let windows = ForecastData.Windows(inputLength: 2, horizon: 1)
    let training = try ForecastData(reader, windows: windows, part: .training(heldOut: 0.4))
    let heldOut = try ForecastData(
      reader, windows: windows, part: .heldOut(0.4), scaling: training.scaling)
    #expect(training.scaling.means == [(15.0 + 615) / 12])
    #expect(training.count == 8 && heldOut.count == 4)
    let first = try #require(heldOut.batch([0]).tensors["values"]).floats
    #expect(abs(heldOut.scaling.unscaled(first[0], column: 0) - 6) < 1e-4)
    let last = try #require(training.batch([7]).tensors["targets"]).floats
    #expect(abs(training.scaling.unscaled(last[0], column: 0) - 105) < 1e-4)
  }

  @Test func datesAreNoColumnOfASeries() throws {
    let files = try TemporaryFiles([
      "a.csv": "date,x,day\n2026-01-01,1,Thursday\n2026-01-02,2,Friday"
    ])
    let reader = try SeriesReader(paths: [files.path("a.csv")])
    let data = try ForecastData(reader, windows: .init(inputLength: 1, horizon: 1))
    #expect(data.scaling.columns == ["x"] && data.scaling.means == [1.5] && data.count == 1)
  }

  @Test func scalingsHaveANumberForEveryColumn() throws {
    let text = #"{"columns": ["x", "y"], "means": [0, 1], "deviations": [1]}"#
    let error = try #require(throws: DecodingError.self) {
      try JSONDecoder().decode(SeriesScaling.self, from: Data(text.utf8))
    }
    #expect("\(error)".contains("1 numbers for 2 columns"))
  }

  @Test func saysWhatIsWrongWithASeries() throws {
    func refusal(_ text: String, _ length: Int = 1, targets: [String] = []) throws -> String {
      let files = try TemporaryFiles(["a.csv": text])
      return files.message {
        _ = try ForecastData(
          SeriesReader(paths: [files.path("a.csv")]),
          windows: .init(inputLength: length, horizon: 1, targets: targets))
      }
    }
    #expect(try refusal("x,y\n1,2\n3,\n") == "a.csv: line 3: '' in y, expected a number")
    #expect(try refusal("x\n1\nnan\n") == "a.csv: line 3: 'nan' in x, expected a number")
    #expect(try refusal("x\n1\n2,3\n") == "a.csv: line 3: 2 fields, expected 1 as before")
    #expect(
      try refusal("x\n1\n2\n", 2)
        == "a.csv: 2 rows in all examples, expected at least 2 and the 1 after them")
    #expect(
      try refusal("x\n1\n2\n", targets: ["z"]) == "a.csv: the columns x, expected 'z' among them")
    #expect(try refusal("").hasPrefix("a.csv: 0 rows in all examples"))
    #expect(try refusal("x\nMonday\n") == "a.csv: line 2: no field that is a number")
    #expect(try refusal("x\n1\n", 0).hasPrefix("a.csv: windows of 0 rows"))
    let files = try TemporaryFiles(["a.csv": "x\n1\n", "b.tsv": "1\n"])
    #expect(
      files.message {
        try SeriesReader(paths: [files.path("a.csv")], columns: [.name("z")]).forEachRow(inFile: 0)
        {
          _ in
        }
      } == "a.csv: line 1: the columns 'x', expected column 'z'")
    #expect(
      files.message {
        try SeriesReader(paths: [files.path("b.tsv")], columns: [.name("z")]).forEachRow(inFile: 0)
        {
          _ in
        }
      } == "b.tsv: no header, expected one with column 'z'")
  }
}
