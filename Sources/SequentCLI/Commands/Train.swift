import Foundation
import Sequent
import SequentBenchmarks
import SequentCompiler
import SequentIR

private let data = Option<String>(
  "data", "FILE", isRepeatable: true,
  help: "what is learned from: text TAB label, CoNLL lines, plain text, or CSV, as the task has it")
private let validation = Option<String>(
  "validation", "FILE", isRepeatable: true,
  help: "what only measures; without it a part of the data is held out")
private let heldOut = Option<Double>(
  "held-out", "SHARE",
  help: "the share of the data that is held out when there is no --validation; 0.05 when left out"
) { text throws(UsageError) in try decimalNumber(text, in: 0...0.9) }
private let destination = Option<String>(
  "output", letter: "o", "FILE",
  help: "where the best model goes; MODEL's name with .sequent when left out. Checkpoint, metrics "
    + "and curves go to a folder beside it, FILE with .training for its ending")
private let resume = Flag("resume", help: "go on where the run into this FILE stopped")
private let restart = Flag(
  "restart", help: "start anew although the run into this FILE did not end")
private let seed = Option<Int>(
  "seed", "N", help: "what first values, order and dropout are drawn from; 0 when left out"
) { text throws(UsageError) in try wholeNumber(text, in: 0...Int.max) }
private let weights = Option<String>(
  "weights", "FILE", help: "a checkpoint with first values of the parameters")
private let settings = Option<Assignment>(
  "set", "KEY=VALUE", help: "another value for a setting of the model's configuration")
private let disabled = Option<[String]>(
  "disable", "PASS,...", of: Pipelines.all.map(\.name), help: "passes to leave out")
private let unit = Option<TextEncoding.Unit>(
  "unit", help: "what a token is, for a model that takes its vocabulary from the data")
private let vocabulary = Option<Int>(
  "vocabulary", "N", help: "the largest vocabulary that is taken from the data"
) { text throws(UsageError) in try wholeNumber(text, in: 3...10_000_000) }
private let minimumCount = Option<Int>(
  "minimum-count", "N", help: "tokens that are rarer in the data are unknown"
) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000) }
private let savedSteps = Option<Int>(
  "save-steps", "N",
  help: "of a recurrence keep only every Nth step for the way back, and run the others again: less "
    + "memory, more time"
) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000) }
private let telemetry = Flag(
  "telemetry",
  help: "measure gradients by time step and saturated gates: telemetry.jsonl and pictures beside "
    + "the checkpoint")
private let telemetryInterval = Option<Int>(
  "telemetry-every", "N", help: "measure at every Nth step; 100 when left out"
) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000_000) }

/// `sequent train`.
let trainCommand = Command(
  name: "train", summary: "trains a model, and goes on where it was interrupted",
  positionals: [ModelArgument.help],
  options: [
    data, validation, heldOut, destination, resume, restart, seed, weights, settings, unit,
    vocabulary, minimumCount,
  ] + RecipeOptions.all + [
    savedSteps, telemetry, telemetryInterval, disabled, SharedOptions.threads,
  ],
  discussion: """
    Progress is on standard error. SIGINT and SIGTERM save and stop; --resume with the same options
    goes on, with the same bits as without the stop. A model says how it is trained; the options
    change that.

        sequent train LanguageOfWord.swift --data words.tsv --validation held.tsv -o language.sequent
        sequent train char-lm --data book.txt -o lm.sequent --epochs 4
    """
) { arguments in
  let argument = try ModelArgument(try arguments.required(0))
  let held = try arguments.values(validation)
  let part = try arguments.value(heldOut)
  if !held.isEmpty, part != nil {
    throw UsageError("option --held-out: --validation says what only measures")
  }
  let files = TrainingFiles(try arguments.values(data), validation: held, heldOut: part ?? 0.05)
  guard !files.paths.isEmpty else { throw UsageError("option --data is missing") }
  for path in files.paths + files.validation where path == "-" {
    throw UsageError("option --data: data are read several times, which '-' can't be")
  }
  let folder = TrainingFolder(
    model: try arguments.value(destination) ?? argument.baseName + ".sequent")
  let isResuming = arguments.has(resume)
  if isResuming, arguments.has(restart) {
    throw UsageError("options --resume and --restart can't be given together")
  }
  if !isResuming, !arguments.has(restart), let place = try Trainer.unfinishedRun(in: folder) {
    throw CommandError(
      "\(folder.checkpoint): a run that stopped in epoch \(place.epoch) of \(place.epochs): "
        + "--resume goes on, --restart starts anew")
  }
  let given = try arguments.values(settings).map { ($0.name, $0.value) }
  let (unit, size, count) = (
    try arguments.value(unit), try arguments.value(vocabulary), try arguments.value(minimumCount)
  )
  var (training, settings) = try argument.training(
    settings: Dictionary(given, uniquingKeysWith: { _, last in last }), files: files,
    continuing: isResuming ? Trainer.settings(in: folder) : nil
  ) { preparation in
    if let unit { preparation.unit = unit }
    if let size { preparation.maximumSize = size }
    if let count { preparation.minimumCount = count }
  }
  try RecipeOptions.change(&training.recipe, arguments)
  let interval = try arguments.value(telemetryInterval)
  if interval != nil, !arguments.has(telemetry) {
    throw UsageError("option --telemetry-every: nothing is measured without --telemetry")
  }
  let first = try arguments.value(weights).map { try training.model.module.weights(path: $0) }
  let seed = UInt64(try arguments.value(seed) ?? 0)
  let data = try TrainingData(files, for: training, seed: seed)
  let trainer = try Trainer(
    training, data, files: folder, resuming: isResuming, settings: settings, seed: seed,
    weights: first, saving: try arguments.value(savedSteps).map(SavedSteps.every) ?? .all,
    telemetryEvery: arguments.has(telemetry) ? interval ?? 100 : nil,
    threads: try arguments.value(SharedOptions.threads),
    options: CompilerOptions(disabledPasses: Set(try arguments.list(disabled))))
  try show(trainer, data.summary, folder)
}

/// Runs a trainer, and shows how it goes and ends.
private func show(_ trainer: Trainer, _ data: String, _ folder: TrainingFolder) throws {
  let console = TrainingConsole()
  let epochs = trainer.training.recipe.epochs
  Interruption.watch()
  let summary: TrainingSummary
  do {
    summary = try trainer.run { event in
      switch event {
      case .started(let overview): console.show(overview, data: data)
      case .step(let step): console.show(step)
      case .epoch(let epoch): console.show(epoch, of: epochs)
      }
      return Interruption.caught == nil ? .goOn : .stop
    }
  } catch {
    console.closeLine()
    throw error
  }
  console.closeLine()
  if summary.ending == .stopped {
    let name = Interruption.caught.map(Interruption.name) ?? "a signal"
    throw CommandError("stopped by \(name); saved in \(folder.checkpoint): --resume goes on")
  }
  let best = summary.best.map { " of epoch \($0.epoch)" } ?? ""
  note(
    (summary.ending == .noImprovement ? "nothing better came any more; " : "")
      + "wrote \(folder.model)\(best); curves in \(folder.path("loss.svg")); peak memory "
      + "\(peakMemory() >> 20) MB, a step's arena \(fixed(Double(summary.arenaBytes) / 1e6, 1)) MB")
}
