import Sequent
import SequentBenchmarks
import SequentCompiler
import SequentIR
import SequentRuntime

/// `sequent inspect`.
let inspectCommand = Command(
  name: "inspect", summary: "says what a compiled model is",
  positionals: [ArtifactArgument.help], options: [SharedOptions.dimension],
  discussion: "With the size of every dimension (--dim) it also says what a run takes."
) { arguments in
  let sizes = try arguments.values(SharedOptions.dimension).single()
  let model = try CompiledModel(try ArtifactArgument.open(try arguments.required(0)))
  let module = model.executable.module
  let counts = module.parameters.compactMap { $0.type.staticShape?.reduce(1, *) }
  let total = counts.reduce(0, +)
  if !sizes.isEmpty { try check(sizes, module.functions) }
  try output("model       \(module.name)\n")
  try output("task        \(model.traced.task.map(describe) ?? "none")\n")
  try output("parameters  \(counts.count), \(total) values, \(model.parameterBytes) bytes\n")
  if let rounding = model.rounding {
    try output(
      "matrices    bf16, rounded by at most \(scientific(rounding.largest)) of an element's size, in "
        + "\(rounding.parameter)\n")
  }
  try output("\n")
  try output("\(ModelSummary(model.traced.module))")
  for function in module.functions {
    try output("\nfunction \(function.name)\n")
    try output(describe(function))
    // Functions have dimensions of their own: those whose sizes are given run.
    let own = sizes.filter { function.symbols.contains($0.key) }
    if !own.isEmpty, own.count == function.symbols.count {
      let plan = try model.executable.plan(function: function.name, Bindings(own))
      try output(
        "  run         \(plan.kernelCount) kernels, \(plan.arenaBytes) bytes of memory (at least "
          + "\(plan.lowerBoundBytes)), \(fixed(plan.flops / 1e6, 3)) MFLOP\n")
    }
  }
}

/// Makes sure that every size is that of a dimension, and some function has all of its sizes.
private func check(_ sizes: [String: Int], _ functions: [Function]) throws(UsageError) {
  let known = Set(functions.flatMap(\.symbols))
  let isComplete = functions.contains { $0.symbols.allSatisfy { sizes[$0] != nil } }
  guard !isComplete || !sizes.keys.allSatisfy(known.contains), let main = functions.first else {
    return
  }
  try main.check(sizes, for: "inspect --dim")
}

private func describe(_ task: ModelTask) -> String {
  if let series = task.series {
    return "\(task.kind.rawValue), the \(series.windows.horizon) rows after "
      + "\(series.windows.inputLength) rows of \(series.scaling.columns.count) columns: "
      + task.labels.joined(separator: ", ")
  }
  if let source = task.source {
    return "\(task.kind.rawValue), reads by \(source.unit.rawValue), vocabulary of "
      + "\(source.vocabulary.count), says by \(task.text.unit.rawValue), vocabulary of "
      + "\(task.text.vocabulary.count)"
  }
  let labels = task.kind == .embed ? "" : " \(task.labels.count) labels,"
  return "\(task.kind.rawValue),\(labels) text by \(task.text.unit.rawValue), vocabulary of "
    + "\(task.text.vocabulary.count)"
}

/// Inputs, outputs and states with their types, and how often which operation.
private func describe(_ function: Function) -> String {
  let states = Set(function.states.values)
  var text = ""
  for (name, type) in function.inputs {
    text += "  \(states.contains(name) ? "state " : "input ")      \(name): \(type)\n"
  }
  for (name, type) in function.outputs where function.states[name] == nil {
    text += "  output      \(name): \(type)\n"
  }
  var counts: [String: Int] = [:]
  for node in function.graph.nodes { counts[node.operation.rule.mnemonic, default: 0] += 1 }
  let list = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
  return text + "  operations  \(list.joined(separator: ", "))\n"
}
