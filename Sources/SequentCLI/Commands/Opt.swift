import SequentCompiler
import SequentIR

private let file = Positional(
  "FILE", isOptional: true, help: "IR text; standard input when left out, or -")
private let passes = Option<[String]>(
  "passes", "NAME,...", of: Pipelines.all.map(\.name),
  help: "the passes to run, in this order; the whole pipeline when left out")
private let explain = Flag(
  "explain", help: "say on standard error what each pass matched, and what not, and why")

/// `sequent opt`.
let optCommand = Command(
  name: "opt", summary: "runs passes on IR text",
  positionals: [file], options: [passes, explain],
  discussion: "sequent list names the passes. The result is IR text on standard output:\n\n"
    + "    sequent opt --passes canonicalize < in.sqir > out.sqir"
) { arguments in
  let names = try arguments.list(passes)
  let module = try readModule(arguments.positional(0) ?? "-")
  let pipeline = names.isEmpty ? Pipelines.optimize : try Pipelines.passes(named: names)
  let result = try PassManager(pipeline).run(module)
  if arguments.has(explain) { note(explanation(of: result.report)) }
  try output(result.module.text)
}
