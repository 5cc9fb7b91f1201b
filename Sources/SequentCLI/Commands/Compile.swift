import Sequent
import SequentCompiler
import SequentIR

/// What `--emit` prints in place of writing a file.
private enum Emission: String, CaseIterable {
  case ir
  case irAfterEach = "ir-after-each"
}

private let destination = Option<String>(
  "output", letter: "o", "FILE",
  help: "where the compiled model goes; MODEL's name with .sequent when left out")
private let settings = Option<Assignment>(
  "set", "KEY=VALUE", help: "another value for a setting of the model's configuration")
private let disabled = Option<[String]>(
  "disable", "PASS,...", of: Pipelines.all.map(\.name), help: "passes to leave out")
private let explain = Flag(
  "explain", help: "say on standard error what each pass matched, and what not, and why")
private let emission = Option<Emission>(
  "emit", help: "print the graph on standard output, and write a file only with --output")

/// `sequent compile`.
let compileCommand = Command(
  name: "compile", summary: "compiles a model into a .sequent file",
  positionals: [ModelArgument.help],
  options: [destination, settings, disabled, explain, emission]
) { arguments in
  let model = try ModelArgument(try arguments.required(0))
  let changes = try arguments.values(settings).map { ($0.name, $0.value) }
  let emission = try arguments.value(emission)
  let options = CompilerOptions(disabledPasses: Set(try arguments.list(disabled)))
  let traced = try model.traced(
    settings: Dictionary(changes, uniquingKeysWith: { _, last in last }))

  if emission == .irAfterEach { try output("// traced\n" + traced.module.text) }
  let result = try compile(traced.module, options: options) { pass, module in
    if emission == .irAfterEach { try output("\n// after \(pass)\n" + module.text) }
  }
  if emission == .ir { try output(result.module.text) }
  if arguments.has(explain) { note(explanation(of: result.report)) }
}
