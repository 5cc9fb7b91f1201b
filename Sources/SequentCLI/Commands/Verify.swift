import Sequent
import SequentBenchmarks
import SequentIR
import SequentRuntime

private let bitwise = Flag(
  "bitwise",
  help: "check instead that rows give the same bits alone, in any order, padded, and on 1, 2 and 5 "
    + "threads")
private let original = Option<String>(
  "against", "FILE",
  help: "say instead how far results are from those of another compiled model with the same inputs "
    + "and outputs, such as this one with weights in f32")
private let seed = Option<UInt64>("seed", "N", help: "what the inputs are drawn from; 0 at first") {
  text throws(UsageError) in
  guard let seed = UInt64(text) else { throw UsageError("'\(text)' is not a whole number") }
  return seed
}
private let tolerance = Option<Double>(
  "tolerance", "T",
  help: "an element may be off by T times 1 + its own size; 0.0001 when left out (see below for "
    + "bf16), and with --against no limit"
) { text throws(UsageError) in try decimalNumber(text, in: 0...1) }

/// `sequent verify`.
let verifyCommand = Command(
  name: "verify", summary: "checks a compiled model against the reference evaluator",
  positionals: [ArtifactArgument.help],
  options: [
    SharedOptions.dimension, seed, tolerance, bitwise, original, SharedOptions.function,
    SharedOptions.threads,
  ],
  discussion: """
    Runs the model on random inputs with fused kernels, without fusion, and operation by operation
    in double precision. Dimensions without a size get 4. Exit status 1 says that they differ.

    Where products with bf16 weights round their other operand too (avx512bf16 in `sequent list`), the
    model is run without that for these comparisons, and with it besides: by default within 1/128
    times the square root of the number of such products.

    --against gives each output's largest difference, also relative to the output's largest element,
    and in how many rows the largest element has the same place: the share of decisions that stay.

        sequent compile gpt2.sequent --weights-type bf16 -o half.sequent
        sequent verify half.sequent --against gpt2.sequent --dim batch=2 --dim time=16
    """
) { arguments in
  var sizes = try arguments.values(SharedOptions.dimension).single()
  let seed = try arguments.value(seed) ?? 0
  let limit = try arguments.value(tolerance)
  let threads = try arguments.value(SharedOptions.threads)
  let name = try arguments.value(SharedOptions.function) ?? "main"
  let path = try arguments.required(0)
  if arguments.has(bitwise), try arguments.value(original) != nil {
    throw UsageError("--bitwise and --against are given; expected one of them")
  }
  let artifact = try ArtifactArgument.open(path)
  let model = try CompiledModel(artifact)
  let function = try model.session(function: name).function
  for symbol in function.symbols where sizes[symbol] == nil { sizes[symbol] = 4 }
  try function.check(sizes, for: "verify")

  let isGood: Bool
  if arguments.has(bitwise) {
    let checks = try checkInvariance(model, function: name, sizes: Bindings(sizes), seed: seed)
    isGood = checks.allSatisfy(\.differing.isEmpty)
    for check in checks {
      try output(
        (check.differing.isEmpty
          ? "same bits  " : "DIFFERENT  in \(check.differing.joined(separator: ", ")): ")
          + check.what + "\n")
    }
  } else if let other = try arguments.value(original) {
    let differences = try compareModels(
      artifact, against: ArtifactArgument.open(other), function: name, sizes: Bindings(sizes),
      seed: seed, threads: threads, tolerance: limit)
    isGood = differences.allSatisfy(\.isWithin)
    try output(table(of: differences).text)
  } else {
    let comparisons = try compareVariants(
      artifact, function: name, sizes: Bindings(sizes), seed: seed, threads: threads,
      tolerance: limit)
    isGood = comparisons.allSatisfy(\.isWithin)
    var table = TextTable(titles: ["output", "compared", "max difference", "result"])
    for row in comparisons {
      table.append([
        row.output, row.what, scientific(row.difference), row.isWithin ? "within" : "BEYOND",
      ])
    }
    try output(table.text)
  }
  guard isGood else { throw CommandError("\(path): results differ") }
}

private func table(of differences: [ModelDifference]) -> TextTable {
  var table = TextTable(titles: ["output", "max difference", "of largest", "same choice", "result"])
  for row in differences {
    table.append([
      row.output, scientific(row.largest), scientific(row.relative),
      "\(fixed(row.agreement * 100, 1)) %", row.isWithin ? "within" : "BEYOND",
    ])
  }
  return table
}
