import Sequent

/// The medians of an earlier run, kept in a file, and how later ones compare with them.
public struct Baseline: Sendable {
  private struct Entry: Sendable {
    let median: Double
    let spread: Double
  }

  private var entries: [String: Entry] = [:]

  /// Medians and spreads of rows.
  public init(_ rows: [BenchmarkRow]) {
    for row in rows {
      entries[row.key] = Entry(median: row.timing.median, spread: row.timing.spread)
    }
  }

  /// Reads a file.
  public init(_ contents: FileContents) throws {
    guard case .object(let members) = try JSON(parsing: contents) else {
      throw FormatError(file: contents.name, reason: "not a baseline: no JSON object")
    }
    for member in members {
      guard case .object(let fields) = member.value,
        let median = fields.first(where: { $0.name == "median_ms" })?.value.number,
        let spread = fields.first(where: { $0.name == "spread" })?.value.number, median > 0
      else {
        throw FormatError(
          file: contents.name, subject: member.name,
          reason: "not a baseline: no median_ms above zero, or no spread")
      }
      entries[member.name] = Entry(median: median, spread: spread)
    }
  }

  /// The contents of a file.
  public var text: String {
    JSON.object(
      entries.sorted { $0.key < $1.key }.map { key, entry in
        JSON.Member(
          name: key,
          value: .object([
            JSON.Member(name: "median_ms", value: .number(entry.median)),
            JSON.Member(name: "spread", value: .number(entry.spread)),
          ]))
      }
    ).description + "\n"
  }

  /// A table of the rows beside their earlier medians.
  ///
  /// The noise of a comparison is the larger of the two runs' spreads: a change within it says
  /// nothing.
  public func comparison(with rows: [BenchmarkRow]) -> String {
    var table = TextTable(
      titles: ["against the baseline", "ms before", "ms now", "before / now", "noise", ""])
    for row in rows {
      guard let entry = entries[row.key] else {
        table.append([row.key, "", fixed(row.timing.median, 4), "", "", "new"])
        continue
      }
      let ratio = entry.median / row.timing.median
      let noise = max(entry.spread, row.timing.spread)
      let verdict =
        ratio > 1 + noise ? "faster" : ratio < 1 / (1 + noise) ? "slower" : "within the noise"
      table.append([
        row.key, fixed(entry.median, 4), fixed(row.timing.median, 4), fixed(ratio, 3),
        "\(fixed(noise * 100, 1)) %", verdict,
      ])
    }
    return table.text
  }
}
