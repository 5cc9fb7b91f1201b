import Sequent
import SequentIR

private let settings = Option<Assignment>(
  "set", "KEY=VALUE", help: "another value for a setting of the model's configuration")

/// `sequent compile`.
let compileCommand = Command(
  name: "compile", summary: "compiles a model into a .sequent file",
  positionals: [ModelArgument.help], options: [settings]
) { arguments in
  let model = try ModelArgument(try arguments.required(0))
  let changes = try arguments.values(settings).map { ($0.name, $0.value) }
  let traced = try model.traced(
    settings: Dictionary(changes, uniquingKeysWith: { _, last in last }))
  try output(traced.module.text)
}
