import SequentBenchmarks
import SequentCompiler
import SequentExamples
import SequentRuntime

/// `sequent list`.
let listCommand = Command(
  name: "list", summary: "lists the models, passes and instruction sets there are"
) { _ in
  let sections: [(String, [(String, String)])] = [
    ("models", catalog.map { ($0.name, $0.summary + state(of: $0.name)) }),
    ("passes", Pipelines.all.map { ($0.name, $0.summary) }),
    (
      "instruction sets (SEQUENT_ISA)",
      InstructionSets.supported.map { ($0, $0 == InstructionSets.active ? "in use" : "") }
    ),
  ]
  for (title, rows) in sections {
    let width = rows.map(\.0.count).max() ?? 0
    try output("\(title):\n")
    for (name, summary) in rows {
      let space = String(repeating: " ", count: width - name.count)
      try output("  \(name)" + (summary.isEmpty ? "" : "\(space)  \(summary)") + "\n")
    }
  }
}

/// Whether the command holds a model with its weights.
private func state(of name: String) -> String {
  ArtifactArgument.embeddedNames.contains(name) ? " (trained)" : ""
}
