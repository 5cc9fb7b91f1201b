/// Rows of texts under titles, in columns as wide as they need: the first column begins, the others
/// end, where their titles do.
public struct TextTable {
  private var rows: [[String]]

  /// Creates a table.
  public init(titles: [String]) { rows = [titles] }

  /// Adds a row with a text for every title.
  public mutating func append(_ row: [String]) { rows.append(row) }

  /// The table as plain text, two spaces between columns.
  public var text: String {
    cells.map { row in
      var line = row.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// The table as Markdown.
  public var markdown: String {
    let rule = widths.enumerated().map { index, width in
      String(repeating: "-", count: width + 1) + (index == 0 ? "-" : ":")
    }
    var lines = cells.map { "| " + $0.joined(separator: " | ") + " |\n" }
    lines.insert("|" + rule.joined(separator: "|") + "|\n", at: 1)
    return lines.joined()
  }

  private var widths: [Int] {
    rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  }

  private var cells: [[String]] {
    let widths = widths
    return rows.map { row in
      zip(row, widths).enumerated().map { index, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return index == 0 ? cell.0 + space : space + cell.0
      }
    }
  }
}
