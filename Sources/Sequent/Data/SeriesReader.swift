/// Reads numeric series: the rows of CSV or TSV files, in the order of time, each file a series.
public struct SeriesReader: Sendable {
  /// The files.
  public let files: [DataFile]
  private let formats: [DelimitedFormat]
  private let columns: [Column]

  /// Opens files.
  ///
  /// - Parameters:
  ///   - format: how all files are written; nil for what each one's name suggests.
  ///   - columns: the columns to read; none for all, which then must all hold numbers.
  public init(paths: [String], format: DelimitedFormat? = nil, columns: [Column] = []) throws {
    files = try paths.map(DataFile.init(path:))
    formats = paths.map { format ?? .suggested(by: $0) }
    self.columns = columns
  }

  /// Calls `body` with every row of the file of an index; gives what the columns are called.
  @discardableResult
  public func forEachRow(
    inFile index: Int, _ body: ([Float]) throws -> Void
  ) throws -> [String] {
    var records = try DelimitedScanner(files[index], formats[index], columns: columns)
    while let fields = try records.next() {
      try body(
        fields.enumerated().map { column, field in
          let parts = field.split(separator: " ")
          guard parts.count == 1, let number = Float(parts[0]), number.isFinite else {
            throw records.line.problem(
              "'\(field)' in \(records.columnNames[column]), expected a number")
          }
          return number
        })
    }
    return records.columnNames
  }
}
