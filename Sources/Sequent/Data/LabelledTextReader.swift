/// Reads texts with a label each: a text and a label in two columns of a TSV or CSV file.
public struct LabelledTextReader: ExampleReader {
  /// A text and its label.
  public struct Example: Hashable, Sendable {
    /// The text.
    public let text: String
    /// The label.
    public let label: String
  }

  /// The files.
  public let files: [DataFile]
  /// Which of the examples are meant.
  public let part: DataPart
  private let formats: [DelimitedFormat]
  private let columns: [Column]

  /// Opens files.
  ///
  /// - Parameter format: how all files are written; nil for what each one's name suggests.
  public init(
    paths: [String], format: DelimitedFormat? = nil, textColumn: Column = .number(1),
    labelColumn: Column = .number(2), part: DataPart = .all
  ) throws {
    files = try paths.map(DataFile.init(path:))
    formats = paths.map { format ?? .suggested(by: $0) }
    columns = [textColumn, labelColumn]
    self.part = part
  }

  /// What the files are expected to have.
  public var expectation: String { "records of a text and a label" }

  /// The text: what has the same text is on the same side of a split.
  public func key(of example: Example) -> String { example.text }

  /// Calls `body` with every example of the file of an index.
  public func forEachExample(
    inFile index: Int, _ body: (Example, FileLine) throws -> Void
  ) throws {
    var records = try DelimitedScanner(files[index], formats[index], columns: columns)
    while let fields = try records.next() {
      let line = records.line
      guard !fields[0].isEmpty else {
        throw line.problem("an empty text, expected a text and a label")
      }
      guard !fields[1].isEmpty else {
        throw line.problem("an empty label, expected a text and a label")
      }
      try body(Example(text: fields[0], label: fields[1]), line)
    }
  }

  /// The labels, in the order of their scalars, and the counted tokens of all texts: for a model
  /// whose task comes from the data.
  public func survey(
    unit: TextEncoding.Unit, isLowercased: Bool = false
  ) throws -> (labels: [String], vocabulary: VocabularyBuilder) {
    var labels = Set<String>()
    var vocabulary = VocabularyBuilder(unit: unit, isLowercased: isLowercased)
    try forEach { example, _ in
      labels.insert(example.label)
      vocabulary.add(example.text)
    }
    return (sortedByScalars(labels), vocabulary)
  }
}

/// Strings in the order of their scalars.
func sortedByScalars(_ strings: some Sequence<String>) -> [String] {
  strings.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
