import Sequent

/// How rows are printed.
public enum ReportFormat: String, CaseIterable, Sendable {
  case table, markdown, csv, jsonl
}

/// Rows printed in a format: line by line as they come, or as a table when all are there.
public struct Report {
  private let format: ReportFormat
  private let columns: [Column]
  private var rows: [BenchmarkRow] = []

  /// Creates a report whose rows have sizes for these dimensions.
  public init(_ format: ReportFormat, dimensions: [String]) {
    self.format = format
    columns = Column.all.prefix(1) + dimensions.map(Column.size) + Column.all.dropFirst()
  }

  /// What goes before the first row.
  public var header: String {
    format == .csv ? columns.map(\.key).joined(separator: ",") + "\n" : ""
  }

  /// Adds a row; what is to be printed at once.
  public mutating func append(_ row: BenchmarkRow) -> String {
    switch format {
    case .csv: return columns.map { csv($0, row) }.joined(separator: ",") + "\n"
    case .jsonl: return json(row).description + "\n"
    case .table, .markdown:
      rows.append(row)
      return ""
    }
  }

  /// Adds the answer to a case; what is to be printed at once.
  ///
  /// Only lines of JSON say that a case is not timed.
  public mutating func append(_ answer: CaseAnswer) -> String {
    switch answer {
    case .rows(let rows): return rows.map { append($0) }.joined()
    case .skipped(let name, let reason):
      guard format == .jsonl else { return "" }
      return JSON.object([
        JSON.Member(name: "case", value: name.map { .string($0) } ?? .null),
        JSON.Member(name: "contender", value: .string("sequent")),
        JSON.Member(name: "skipped", value: .string(reason)),
      ]).description + "\n"
    }
  }

  /// What is to be printed at the end.
  public var footer: String {
    guard !rows.isEmpty else { return "" }
    let shown = columns.filter { column in rows.contains { !column.text($0).isEmpty } }
    var table = TextTable(titles: shown.map(\.title))
    for row in rows { table.append(shown.map { $0.text(row) }) }
    return format == .markdown ? table.markdown : table.text
  }

  /// A row as an object; `contender` says whose it is where several programs answer.
  private func json(_ row: BenchmarkRow) -> JSON {
    var members = columns.compactMap { column in
      column.value(row).map { JSON.Member(name: column.key, value: $0) }
    }
    members.insert(JSON.Member(name: "contender", value: .string("sequent")), at: 1)
    return .object(members)
  }

  /// A field, quoted where it holds what would end it (RFC 4180).
  private func csv(_ column: Column, _ row: BenchmarkRow) -> String {
    switch column.value(row) {
    case .string(let text)? where text.contains { ",\"\r\n".contains($0) }:
      "\"" + text.replacing("\"", with: "\"\"") + "\""
    case .string(let text)?: text
    case let value?: value.description
    case nil: ""
    }
  }
}
