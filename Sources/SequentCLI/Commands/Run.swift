import Sequent
import SequentIR
import SequentRuntime

private let inputs = Option<InputValue>(
  "input", letter: "i", "NAME=VALUE", isRepeatable: true, help: "the values of an input"
) { text throws(UsageError) in try InputValue(text) }
private let destination = Option<String>(
  "output", letter: "o", "FILE",
  help: "where the outputs go: .npy, .npz, .safetensors, or JSON text; standard output when left "
    + "out")
private let profile = Option<String>(
  "profile", "TRACE.json",
  help: "run ten times more, print what each operation took, and write it as a trace that Perfetto "
    + "opens")

/// `sequent run`.
let runCommand = Command(
  name: "run", summary: "runs a compiled model on arrays",
  positionals: [ArtifactArgument.help],
  options: [
    inputs, destination, SharedOptions.function, SharedOptions.dimension, SharedOptions.threads,
    profile,
  ],
  discussion: InputValue.help
) { arguments in
  let values = try arguments.values(inputs)
  let sizes = try arguments.values(SharedOptions.dimension).single()
  let threads = try arguments.value(SharedOptions.threads)
  let name = try arguments.value(SharedOptions.function) ?? "main"
  let model = try CompiledModel(try ArtifactArgument.open(try arguments.required(0)))
  let session = try model.session(function: name, threads: threads)
  let function = session.function
  let results = try session.run(try tensors(for: function, values, sizes: sizes))
  let names = function.resultNames.filter { function.states[$0] == nil }
  try OutputFile(try arguments.value(destination)).write(results, names: names)
  if let path = try arguments.value(profile) {
    let profile = try session.profile(runs: 10)
    note(profile.table)
    try replaceFile(at: path, with: try profile.trace())
  }
}
