/// Reads sequences with a label for every token.
public struct LabelledTokensReader: ExampleReader {
  /// The tokens of a sequence, and as many labels.
  public struct Example: Hashable, Sendable {
    /// The tokens.
    public let tokens: [String]
    /// The labels.
    public let labels: [String]
  }

  /// How the sequences are written.
  public enum Format: Hashable, Sendable {
    /// CoNLL's: a line for every token, its columns separated by a tab or spaces, and an empty line
    /// after every sequence. Columns are counted from 1; no label column means the last one.
    case lines(tokenColumn: Int = 1, labelColumn: Int? = nil)
    /// A line for every sequence: its tokens, a tab, its labels, both separated by spaces.
    case lists

    /// The format that a file's name suggests: lists for `.tsv`, otherwise lines.
    public static func suggested(by path: String) -> Format {
      path.lowercased().hasSuffix(".tsv") ? .lists : .lines()
    }
  }

  /// The files.
  public let files: [DataFile]
  /// Which of the examples are meant.
  public let part: DataPart
  private let formats: [Format]

  /// Opens files.
  ///
  /// - Parameter format: how all files are written; nil for what each one's name suggests.
  public init(paths: [String], format: Format? = nil, part: DataPart = .all) throws {
    files = try paths.map(DataFile.init(path:))
    formats = paths.map { format ?? .suggested(by: $0) }
    self.part = part
  }

  /// What the files are expected to have.
  public var expectation: String { "lines of a token and a label" }

  /// The tokens: what has the same tokens is on the same side of a split.
  public func key(of example: Example) -> String { example.tokens.joined(separator: " ") }

  /// Calls `body` with every example of the file of an index.
  public func forEachExample(
    inFile index: Int, _ body: (Example, FileLine) throws -> Void
  ) throws {
    switch formats[index] {
    case .lines(let token, let label): try readLines(files[index], token, label, body)
    case .lists: try readLists(files[index], body)
    }
  }

  private func readLines(
    _ file: DataFile, _ tokenColumn: Int, _ labelColumn: Int?,
    _ body: (Example, FileLine) throws -> Void
  ) throws {
    var lines = LineScanner(file)
    var (tokens, labels): ([String], [String]) = ([], [])
    var start = lines.line
    func finish() throws {
      guard !tokens.isEmpty else { return }
      try body(Example(tokens: tokens, labels: labels), start)
      (tokens, labels) = ([], [])
    }
    while let line = try lines.next() {
      let fields = columns(of: line)
      guard !fields.isEmpty else {
        try finish()
        continue
      }
      let label = labelColumn ?? fields.count
      guard tokenColumn >= 1, label >= 1, tokenColumn <= fields.count, label <= fields.count,
        tokenColumn != label, !fields[tokenColumn - 1].isEmpty, !fields[label - 1].isEmpty
      else {
        throw lines.line.problem(
          "\(fields.count == 1 ? "1 column" : "\(fields.count) columns"), expected a token in column "
            + "\(tokenColumn) and a label in \(labelColumn.map { "column \($0)" } ?? "the last")")
      }
      if tokens.isEmpty { start = lines.line }
      tokens.append(fields[tokenColumn - 1])
      labels.append(fields[label - 1])
    }
    try finish()
  }

  /// The columns of a line: between tabs if it has any, so that a token can hold a space.
  private func columns(of line: String) -> [String] {
    guard line.utf8.contains(UInt8(ascii: "\t")) else { return words(line) }
    let fields = line.unicodeScalars.split(separator: "\t", omittingEmptySubsequences: false)
    return fields.allSatisfy { $0.isEmpty } ? [] : fields.map { String($0) }
  }

  private func readLists(
    _ file: DataFile, _ body: (Example, FileLine) throws -> Void
  ) throws {
    var records = try DelimitedScanner(file, .tsv(), columns: [])
    while let fields = try records.next() {
      let line = records.line
      guard fields.count == 2 else {
        throw line.problem("\(fields.count - 1) tabs, expected tokens, a tab, and labels")
      }
      let (tokens, labels) = (words(fields[0]), words(fields[1]))
      guard !tokens.isEmpty, tokens.count == labels.count else {
        throw line.problem(
          "\(tokens.count) tokens and \(labels.count) labels, expected as many of both")
      }
      try body(Example(tokens: tokens, labels: labels), line)
    }
  }

  /// The labels, in the order of their scalars, and the counted tokens: for a model whose task comes
  /// from the data.
  public func survey(
    unit: TextEncoding.Unit = .word, isLowercased: Bool = false
  ) throws -> (labels: [String], vocabulary: VocabularyBuilder) {
    var labels = Set<String>()
    var vocabulary = VocabularyBuilder(unit: unit, isLowercased: isLowercased)
    try forEach { example, _ in
      labels.formUnion(example.labels)
      for token in example.tokens { vocabulary.add(token) }
    }
    return (sortedByScalars(labels), vocabulary)
  }
}

/// What stands between white space.
func words(_ text: String) -> [String] {
  var words: [String] = []
  text.withUTF8Bytes { bytes in
    forEachWord(in: bytes) { words.append(String(decoding: $0, as: UTF8.self)) }
  }
  return words
}
