import Sequent
import SequentBenchmarks

private let file = Positional(
  "FILE", isOptional: true, help: "a compiled model, or a name that sequent list prints")
private let cases = Option<String>(
  "cases", "FILE",
  help: "time cases, a JSON object a line or an array of them; - answers each line of standard "
    + "input as it comes")
private let variants = Option<[Variant]>(
  "variants", "fused,unfused", isRepeatable: true,
  help: "which to time, in turns; fused when left out"
) { text throws(UsageError) in
  var variants: [Variant] = []
  for word in splitList(text) {
    guard let variant = Variant(rawValue: word) else {
      throw UsageError(notAmong(word, Variant.allCases.map(\.rawValue)))
    }
    variants.append(variant)
  }
  return variants
}
private let dimensions = Option<DimensionSizes>(
  "dim", "NAME=SIZE,...", isRepeatable: true,
  help: "sizes of a named dimension; every combination is timed"
) { text throws(UsageError) in try DimensionSizes(text) }
private let threads = Option<[Int]>(
  "threads", "N,...", isRepeatable: true,
  help: "numbers of threads; SEQUENT_NUM_THREADS, or the CPUs there are, when left out"
) { text throws(UsageError) in try wholeNumbers(text, in: 1...4096) }
private let seconds = Option<Double>(
  "seconds", "S", help: "how long each variant runs, at least 5 times; 1 when left out"
) { text throws(UsageError) in try decimalNumber(text, in: 0...3600) }
private let format = Option<ReportFormat>("format", help: "how rows are printed; table at first")

/// `sequent bench`.
let benchCommand = Command(
  name: "bench", summary: "times models and cases, compiled with and without fusion",
  positionals: [file],
  options: [cases, variants, dimensions, threads, seconds, format],
  discussion: """
    A row has the median and the shortest of its runs after two that don't count, how far apart the
    middle half of them lies (spread), how long compiling and the first run took, and the largest
    difference from the unfused graph's outputs.
    """
) { arguments in
  let chosen = try arguments.list(variants)
  var settings = Benchmark.Settings(variants: chosen.isEmpty ? [.fused] : chosen)
  settings.threads = try arguments.list(threads)
  settings.rule = TimingRule(seconds: try arguments.value(seconds) ?? 1)
  let format = try arguments.value(format) ?? .table
  let sizes = try arguments.values(dimensions)
  guard let path = try arguments.value(cases) else {
    throw UsageError("FILE or --cases is missing")
  }
  try timeCases(path, settings, format)
}

/// Answers the cases of a file, or of standard input as they come.
private func timeCases(
  _ path: String, _ settings: Benchmark.Settings, _ format: ReportFormat
) throws {
  let worker = Worker(settings)
  var report = Report(format, dimensions: [])
  func answer(_ line: String) throws {
    let answer = worker.answer(line)
    if case .skipped(let name, let reason) = answer, format != .jsonl {
      note("\(name ?? "a case"): \(reason)")
    }
    try output(report.append(answer))
  }
  try output(report.header)
  if path == "-" {
    var reader = LineReader()
    while let lines = try reader.nextLines() { for line in lines { try answer(line) } }
  } else {
    for line in try Worker.lines(of: FileContents(path: path)) { try answer(line) }
  }
  try output(report.footer)
}
