import SequentBenchmarks
import SequentCompiler
import SequentExamples

/// `sequent list`.
let listCommand = Command(
  name: "list", summary: "lists the models and passes there are"
) { _ in
  let sections: [(String, [(String, String)])] = [
    ("models", catalog.map { ($0.name, $0.summary + state(of: $0.name)) }),
    ("passes", Pipelines.all.map { ($0.name, $0.summary) }),
  ]
  for (title, rows) in sections {
    let width = rows.map(\.0.count).max() ?? 0
    try output("\(title):\n")
    for (name, summary) in rows {
      try output(
        "  \(name)\(String(repeating: " ", count: width - name.count))  \(summary)\n")
    }
  }
}

/// Whether the command holds a model with its weights.
private func state(of name: String) -> String {
  ArtifactArgument.embeddedNames.contains(name) ? " (trained)" : ""
}
