/// Reads pairs of a source and a target text: two columns of a TSV or CSV file.
///
/// A source may have several lines, each with a target that is as good as the others.
public struct TextPairReader: ExampleReader {
  /// A source and a target.
  public struct Example: Hashable, Sendable {
    /// What is given.
    public let source: String
    /// What is to be made of it.
    public let target: String
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
    paths: [String], format: DelimitedFormat? = nil, sourceColumn: Column = .number(1),
    targetColumn: Column = .number(2), part: DataPart = .all
  ) throws {
    files = try paths.map(DataFile.init(path:))
    formats = paths.map { format ?? .suggested(by: $0) }
    columns = [sourceColumn, targetColumn]
    self.part = part
  }

  /// What the files are expected to have.
  public var expectation: String { "records of a source and a target" }

  /// The source: all targets of a source are on the same side of a split.
  public func key(of example: Example) -> String { example.source }

  /// Calls `body` with every example of the file of an index.
  public func forEachExample(
    inFile index: Int, _ body: (Example, FileLine) throws -> Void
  ) throws {
    var records = try DelimitedScanner(files[index], formats[index], columns: columns)
    while let fields = try records.next() {
      let line = records.line
      guard !fields[0].isEmpty, !fields[1].isEmpty else {
        throw line.problem(
          "an empty \(fields[0].isEmpty ? "source" : "target"), expected a source and a target")
      }
      try body(Example(source: fields[0], target: fields[1]), line)
    }
  }

  /// The counted tokens of the sources and of the targets.
  public func survey(
    sourceUnit: TextEncoding.Unit, targetUnit: TextEncoding.Unit, isLowercased: Bool = false
  ) throws -> (source: VocabularyBuilder, target: VocabularyBuilder) {
    var source = VocabularyBuilder(unit: sourceUnit, isLowercased: isLowercased)
    var target = VocabularyBuilder(unit: targetUnit)
    try forEach { example, _ in
      source.add(example.source)
      target.add(example.target)
    }
    return (source, target)
  }
}
