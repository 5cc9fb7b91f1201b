/// The records of a delimited file, one after the other, as the fields of chosen columns.
///
/// Every record has as many fields as the first; empty lines are skipped.
struct DelimitedScanner {
  /// A record that is longer, in bytes, is taken for one whose quotation mark is not closed.
  private static let longestRecord = 1 << 26

  private var lines: LineScanner
  private let format: DelimitedFormat
  private let columns: [Column]
  private var places: [Int] = []
  private var width = 0
  private var header: [String]?
  /// The line that the last record starts on.
  private(set) var line: FileLine
  private let name: String

  /// Starts before the first record.
  ///
  /// - Parameter columns: the columns of every record, in this order; none for all of them.
  init(_ file: DataFile, _ format: DelimitedFormat, columns: [Column]) throws {
    lines = LineScanner(file)
    line = lines.line
    name = file.name
    self.format = format
    self.columns = columns
    if format.hasHeader, let names = try nextFields() { try begin(names, header: names) }
  }

  /// What the chosen columns are called: by the header, or by their place.
  var columnNames: [String] { places.map { header?[$0] ?? "column \($0 + 1)" } }

  /// The chosen fields of the next record; nil after the last.
  mutating func next() throws -> [String]? {
    guard let fields = try nextFields() else { return nil }
    if width == 0 { try begin(fields, header: nil) }
    guard fields.count == width else {
      throw line.problem("\(count(fields.count)), expected \(width) as before")
    }
    return places.map { fields[$0] }
  }

  /// Learns from the first line where the chosen columns are.
  private mutating func begin(_ fields: [String], header: [String]?) throws {
    width = fields.count
    self.header = header
    guard !columns.isEmpty else {
      places = Array(fields.indices)
      return
    }
    places = try columns.map { column in
      switch column {
      case .number(let number):
        guard (1...width).contains(number) else {
          throw line.problem("\(count(width)), expected \(column)")
        }
        return number - 1
      case .name(let name):
        guard let header else {
          throw FormatError(file: self.name, reason: "no header, expected one with \(column)")
        }
        guard let place = header.firstIndex(of: name) else {
          let names = header.map { "'\($0)'" }.joined(separator: ", ")
          throw line.problem("the columns \(names), expected \(column)")
        }
        return place
      }
    }
  }

  private func count(_ fields: Int) -> String { fields == 1 ? "1 field" : "\(fields) fields" }

  private mutating func nextFields() throws -> [String]? {
    while let text = try lines.next() {
      line = lines.line
      guard !text.isEmpty else { continue }
      guard format.isQuoted, text.utf8.contains(UInt8(ascii: "\"")) else {
        return text.unicodeScalars.split(
          separator: format.delimiter, omittingEmptySubsequences: false
        ).map { String($0) }
      }
      return try quotedFields(text)
    }
    return nil
  }

  /// The fields of a record with quotation marks, which may go on over several lines.
  private mutating func quotedFields(_ first: String) throws -> [String] {
    var fields: [String] = []
    var field = String.UnicodeScalarView()
    var state = QuoteState.start
    var text = first
    var length = first.utf8.count
    while true {
      for scalar in text.unicodeScalars {
        switch (state, scalar) {
        case (.start, "\""): state = .quoted
        case (.quoted, "\""): state = .closed
        case (.closed, "\""):
          field.append(scalar)
          state = .quoted
        case (.start, format.delimiter), (.plain, format.delimiter), (.closed, format.delimiter):
          fields.append(String(field))
          field = String.UnicodeScalarView()
          state = .start
        case (.closed, _):
          throw line.problem(
            "'\(scalar)' after a closing quotation mark, expected '\(format.delimiter)'")
        case (.quoted, _): field.append(scalar)
        case (.start, _), (.plain, _):
          field.append(scalar)
          state = .plain
        }
      }
      guard state == .quoted else { break }
      guard length <= Self.longestRecord, let next = try lines.next() else {
        throw line.problem("a quotation mark that is not closed")
      }
      length += next.utf8.count
      field.append("\n")
      text = next
    }
    return fields + [String(field)]
  }

  private enum QuoteState {
    case start, plain, quoted, closed
  }
}
