import SequentBenchmarks
import SequentCompiler

/// What the passes did: a line for every candidate, then a table of changes and times.
func explanation(of report: CompilationReport) -> String {
  var table = TextTable(titles: ["pass", "changes", "ms"])
  for entry in report.entries {
    let counts = entry.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    table.append([
      entry.pass, counts.isEmpty ? "none" : counts.joined(separator: ", "),
      fixed(entry.milliseconds, 2),
    ])
  }
  let lines = report.explanations.map { ($0.isMatch ? "+ " : "- ") + $0.description + "\n" }
  return lines.joined() + table.text
}
