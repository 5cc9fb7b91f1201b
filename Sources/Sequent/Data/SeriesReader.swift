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
  ///   - columns: the columns to read, which must all hold numbers; none for all but those whose
  ///     first value is no number, such as dates.
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
    var read: [Int]?
    while let fields = try records.next() {
      let places = read ?? fields.indices.filter { !columns.isEmpty || !Self.isText(fields[$0]) }
      guard !places.isEmpty else { throw records.line.problem("no field that is a number") }
      read = places
      try body(
        places.map { column in
          let field = fields[column]
          guard let number = Self.number(field), number.isFinite else {
            throw records.line.problem(
              "'\(field)' in \(records.columnNames[column]), expected a number")
          }
          return number
        })
    }
    return read?.map { records.columnNames[$0] } ?? records.columnNames
  }

  private static func number(_ field: String) -> Float? {
    let parts = field.split(separator: " ")
    return parts.count == 1 ? Float(parts[0]) : nil
  }

  /// Whether a field is neither a number nor a missing one.
  private static func isText(_ field: String) -> Bool {
    number(field) == nil && !field.allSatisfy { $0 == " " }
  }
}
