import Foundation
import Sequent
import SequentBenchmarks
import SequentCompiler
import SequentIR
import SequentRuntime

/// What `--emit` prints.
private enum Emission: String, CaseIterable {
  case ir
  case irAfterEach = "ir-after-each"
  case plan, dot, svg
}

private let destination = Option<String>(
  "output", letter: "o", "FILE",
  help: "where the compiled model goes; MODEL's name with .sequent when left out")
private let weights = Option<String>(
  "weights", "FILE",
  help: "a checkpoint (.safetensors, .npz) with the parameters; drawn at random when left out")
private let convention = Option<CheckpointConvention>(
  "convention", help: "whose names and layouts the checkpoint has; found out when left out")
private let settings = Option<Assignment>(
  "set", "KEY=VALUE", help: "another value for a setting of the model's configuration")
private let disabled = Option<[String]>(
  "disable", "PASS,...", of: Pipelines.all.map(\.name), help: "passes to leave out")
private let explain = Flag(
  "explain", help: "say on standard error what each pass matched, and what not, and why")
private let emission = Option<Emission>(
  "emit", help: "print this on standard output, and write a file only with --output")

/// `sequent compile`.
let compileCommand = Command(
  name: "compile", summary: "compiles a model into a .sequent file",
  positionals: [ModelArgument.help],
  options: [
    destination, weights, convention, SharedOptions.weightsType, settings, disabled, explain,
    emission, SharedOptions.dimension,
  ],
  discussion: """
    A plan is for sizes: --emit plan takes them with --dim. --emit svg calls Graphviz's dot.
    sequent list names the passes.

    --weights-type bf16 stores matrices (of linear layers, gates and embeddings) as bfloat16 and says
    how far that rounds them; gemms and embeddings keep them so in memory, recurrent kernels widen
    them. With AVX-512 BF16 gemms round what they multiply by them too; SEQUENT_ISA=avx512 has them
    widen instead. sequent verify --against tells what it does to the results.

        sequent compile Tagger.swift --weights tagger.safetensors -o tagger.sequent --explain
    """
) { arguments in
  let argument = try ModelArgument(try arguments.required(0))
  let changes = try arguments.values(settings).map { ($0.name, $0.value) }
  let emission = try arguments.value(emission)
  let sizes = try arguments.values(SharedOptions.dimension).single()
  let options = CompilerOptions(disabledPasses: Set(try arguments.list(disabled)))
  let convention = try arguments.value(convention)
  let checkpoint = try arguments.value(weights)
  if checkpoint == nil, convention != nil {
    throw UsageError("option --convention: there is no checkpoint without --weights")
  }

  let weightsType = try arguments.value(SharedOptions.weightsType) ?? .float32
  let model: CompiledModel
  if case .compiled(let artifact, _) = argument, checkpoint == nil, changes.isEmpty {
    model = try CompiledModel(artifact, weightsType: weightsType, options: options)
  } else {
    let traced = try argument.traced(
      settings: Dictionary(changes, uniquingKeysWith: { _, last in last }))
    let parameters =
      try checkpoint.map { try traced.module.weights(path: $0, convention: convention) }
      ?? argument.weights()
    model = try CompiledModel(
      traced, weights: parameters, weightsType: weightsType, options: options)
  }
  if weightsType == .bfloat16, model.rounding == nil {
    throw UsageError("option --weights-type: the model has no matrices to round")
  }
  if arguments.has(explain) { note(explanation(of: model.report)) }
  if let emission { try emit(emission, model, options, sizes) }
  var path = try arguments.value(destination)
  if emission == nil, path == nil {
    if case .compiled = argument { throw UsageError("option --output is missing") }
    path = argument.baseName + ".sequent"
  }
  if let path { try model.write(to: path) }
  if let rounding = model.rounding {
    note(
      "matrices in bf16: \(model.parameterBytes) bytes of parameters; rounded by at most "
        + "\(scientific(rounding.largest)) of an element's size, in \(rounding.parameter)")
  }
  note(summary(of: model) + (path.map { "; wrote \($0)" } ?? ""))
}

private func emit(
  _ emission: Emission, _ model: CompiledModel, _ options: CompilerOptions, _ sizes: [String: Int]
) throws {
  let module = model.executable.module
  switch emission {
  case .ir: try output(module.text)
  case .irAfterEach:
    try output("// traced\n" + model.traced.module.text)
    _ = try compile(model.traced.module, options: options) { pass, module in
      try output("\n// after \(pass)\n" + module.text)
    }
  case .plan:
    for function in module.functions {
      try function.check(sizes, for: "--emit plan")
      let plan = try model.executable.plan(function: function.name, Bindings(sizes))
      try output("\(function.name)\n\(plan)\n")
    }
  case .dot: try output(module.functions.map(\.dot).joined(separator: "\n"))
  case .svg:
    let program = try Subprocess.find("dot", "which Graphviz draws with,")
    let text = module.functions.map(\.dot).joined(separator: "\n")
    let (outcome, image) = try Subprocess.filter(program, ["-Tsvg"], text)
    guard outcome == .exited(0) else { throw CommandError("\(program) \(outcome)") }
    try output(String(decoding: image, as: UTF8.self))
  }
}

/// `LanguageOfWord: 43 parameters, 339560 values, 9 operations, compiled in 2.1 ms`.
private func summary(of model: CompiledModel) -> String {
  let module = model.executable.module
  let values = module.parameters.compactMap { $0.type.staticShape?.reduce(1, *) }.reduce(0, +)
  let operations = module.functions.map(\.graph.nodes.count).reduce(0, +)
  return "\(module.name): \(module.parameters.count) parameters of \(values) values, "
    + "\(operations) operations, compiled in \(fixed(model.report.milliseconds, 1)) ms"
}
