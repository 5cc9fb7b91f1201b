import Foundation
import Sequent
import SequentBenchmarks
import SequentIR
import SequentRuntime

private let file = Positional(
  "FILE", isOptional: true, help: ArtifactArgument.help.help)
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
private let threads = Option<[Int]>(
  "threads", "N,...", isRepeatable: true,
  help: "numbers of threads; SEQUENT_NUM_THREADS, or the CPUs there are, when left out"
) { text throws(UsageError) in try wholeNumbers(text, in: 1...4096) }
private let seconds = Option<Double>(
  "seconds", "S", help: "how long each variant runs, at least 5 times; 1 when left out"
) { text throws(UsageError) in try decimalNumber(text, in: 0...3600) }
private let format = Option<ReportFormat>("format", help: "how rows are printed; table at first")
private let probe = Flag(
  "probe", help: "print first what the machine can do: multiply-adds, reads, barriers")
private let profile = Flag(
  "profile", help: "say for every row where its time goes, operation by operation")
private let baseline = Option<String>(
  "baseline", "FILE",
  help: "compare the medians with those in the file; where there is no file, make it of these")

/// `sequent bench`.
let benchCommand = Command(
  name: "bench", summary: "times models and cases, compiled with and without fusion",
  positionals: [file],
  options: [
    cases, variants, SharedOptions.weightsType, SharedOptions.dimensions, threads, seconds,
    format, profile, baseline, probe, SharedOptions.function,
  ],
  discussion: """
    A row has the median and the shortest of its runs after two that don't count, how far apart the
    middle half of them lies (spread), how long compiling and the first run took, and the largest
    difference from the unfused graph's outputs. Variants take turns. Inputs are random.

        sequent bench language.sequent --variants fused,unfused --dim batch=1,8 --dim time=16
    """
) { arguments in
  let file = arguments.positional(0)
  let path = try arguments.value(cases)
  let sizes = try arguments.values(SharedOptions.dimensions)
  guard file == nil || path == nil else {
    throw UsageError("FILE and --cases are given; expected one of them")
  }
  guard path == nil || sizes.isEmpty else {
    throw UsageError("option --dim: a case has its own sizes")
  }
  guard file != nil || path != nil || arguments.has(probe) else {
    throw UsageError("FILE or --cases is missing")
  }
  let format = try arguments.value(format) ?? .table
  let chosen = try arguments.list(variants)
  var settings = Benchmark.Settings(variants: chosen.isEmpty ? [.fused] : chosen)
  settings.threads = try arguments.list(threads)
  settings.weightsType = try arguments.value(SharedOptions.weightsType) ?? .float32
  settings.profiledRuns = arguments.has(profile) ? 10 : 0
  settings.rule = TimingRule(seconds: try arguments.value(seconds) ?? 1)
  let machine = try MachineProbe(seconds: arguments.has(probe) ? 2 : 0.2)
  settings.probe = machine
  if arguments.has(probe) { try output(machine.table) }

  var rows: [BenchmarkRow] = []
  if let file {
    let function = try arguments.value(SharedOptions.function) ?? "main"
    rows = try timeModel(file, function, sizes, settings, format)
  } else if let path {
    rows = try timeCases(path, settings, format)
  }
  if let stored = try arguments.value(baseline) { try compare(rows, stored) }
}

/// Times a compiled model at every combination of sizes.
private func timeModel(
  _ path: String, _ name: String, _ sizes: [DimensionSizes], _ settings: Benchmark.Settings,
  _ format: ReportFormat
) throws -> [BenchmarkRow] {
  let artifact = try ArtifactArgument.open(path)
  let module = try Module(parsing: artifact.ir)
  let benchmark = try Benchmark(module.name, function: name, settings: settings) {
    try CompiledModel(artifact, weightsType: settings.weightsType, options: $0)
  }
  let combinations = try sizes.combinations()
  for combination in combinations { try module.function(name)?.check(combination, for: "bench") }
  var report = Report(format, dimensions: sizes.map(\.name))
  var all: [BenchmarkRow] = []
  try output(report.header)
  for combination in combinations {
    for row in try benchmark.rows(sizes: combination) {
      try output(report.append(row))
      noteProfile(row)
      all.append(row)
    }
  }
  try output(report.footer)
  return all
}

/// Answers the cases of a file, or of standard input as they come.
private func timeCases(
  _ path: String, _ settings: Benchmark.Settings, _ format: ReportFormat
) throws -> [BenchmarkRow] {
  let worker = Worker(settings)
  var report = Report(format, dimensions: [])
  var all: [BenchmarkRow] = []
  func answer(_ line: String) throws {
    let answer = worker.answer(line)
    switch answer {
    case .rows(let rows):
      all += rows
      rows.forEach(noteProfile)
    case .skipped(let name, let reason):
      if format != .jsonl { note("\(name ?? "a case"): \(reason)") }
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
  return all
}

private func noteProfile(_ row: BenchmarkRow) {
  guard let profile = row.profile else { return }
  note("\(row.key)\n\(profile.table)")
}

/// Says how rows compare with those in a file, or makes the file.
private func compare(_ rows: [BenchmarkRow], _ path: String) throws {
  if FileManager.default.fileExists(atPath: path) {
    note(try Baseline(FileContents(path: path)).comparison(with: rows))
  } else {
    try replaceFile(at: path, with: Baseline(rows).text)
    note("wrote \(path)")
  }
}
