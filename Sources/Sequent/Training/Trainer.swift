import Foundation
import SequentCompiler
import SequentIR

/// Trains a model on data, epoch by epoch, and can go on where it was interrupted.
///
///     let training = try TracedTraining(model)
///     let trainer = try Trainer(training, TrainingData(files, for: training))
///     let summary = try trainer.run { event in
///       if case .epoch(let epoch) = event { print(epoch.epoch, epoch.metric("loss") ?? .nan) }
///       return .goOn
///     }
///     let trained = try trainer.best()
///
/// The same model, data, recipe and seed give the same bits, whatever the number of threads, and
/// whether the run was interrupted and continued or not.
public final class Trainer {
  /// What is trained.
  public let training: TracedTraining
  private let data: TrainingData
  private let files: TrainingFolder?
  private let step: TrainingStep
  private let validation: Validation
  private let main: (name: String, isLargerBetter: Bool)
  private var progress: TrainingProgress
  private var cursor: BatchCursor
  private var bestParameters: TensorCollection?
  private var telemetry: TrainingTelemetry?
  private var arenaBytes = 0
  private let stepsBefore: Int
  private var lastSave = ContinuousClock.now

  /// A checkpoint is written at every epoch's end, when a run is stopped, and this often.
  private static let savingInterval = Duration.seconds(300)

  /// Starts a run, or takes one up.
  ///
  /// - Parameters:
  ///   - files: where model and checkpoints go; nil to write nothing.
  ///   - resuming: whether to go on from the checkpoint in `files`.
  ///   - settings: what of the model was found in the data; kept in checkpoints.
  ///   - seed: what first values and dropout are drawn from.
  ///   - weights: first values; drawn from `seed` without them.
  ///   - saving: `.every(8)` takes less memory and more time than `.all`.
  ///   - telemetryEvery: every so many steps gradients and gates are measured and kept in `files`.
  /// - Throws: `FormatError` for a checkpoint that is of another run.
  public init(
    _ training: TracedTraining, _ data: TrainingData, files: TrainingFolder? = nil,
    resuming: Bool = false, settings: [String: String] = [:], seed: UInt64 = 0,
    weights: (any TensorSource)? = nil, saving: SavedSteps = .all, telemetryEvery: Int? = nil,
    threads: Int? = nil, options: CompilerOptions = CompilerOptions()
  ) throws {
    self.training = training
    self.data = data
    self.files = files
    let task = training.model.task
    main = Evaluation.main(of: task, isMeasured: data.validation != nil)
    step = try TrainingStep(
      training, training.recipe.optimizer, outputs: Evaluation.outputs(for: task), seed: seed,
      weights: weights, saving: saving, threads: threads, options: options)
    validation = try Validation(training, threads: threads, options: options)
    let identity = try TrainingIdentity(training, data, seed: seed)
    if resuming, let files {
      let (state, saved) = try files.load()
      try identity.check(against: saved.identity, file: files.checkpoint)
      try step.restore(state)
      progress = TrainingProgress(identity: identity, goingOn: saved)
    } else {
      progress = TrainingProgress(
        identity: identity, settings: settings, current: Evaluation(task: task))
    }
    cursor = try BatchCursor(data.training, at: progress.position)
    stepsBefore = step.count
    try files?.create()
    if let telemetryEvery, let files {
      telemetry = try TrainingTelemetry(
        training, files, every: telemetryEvery, at: step.count, seed: seed, threads: threads)
    }
  }

  /// The settings that a run's checkpoint keeps, for making the model again before it goes on.
  public static func settings(in files: TrainingFolder) throws -> [String: String] {
    try files.progress().settings
  }

  /// Where the run in some files stopped before its end; nil when there is none or it has ended.
  public static func unfinishedRun(in files: TrainingFolder) throws -> (epoch: Int, epochs: Int)? {
    guard FileManager.default.fileExists(atPath: files.checkpoint) else { return nil }
    let progress = try files.progress()
    let epochs = progress.identity.recipe.epochs
    let hasEnded = progress.position.epoch >= epochs || progress.hasConverged
    return hasEnded ? nil : (progress.position.epoch + 1, epochs)
  }

  /// The best model so far, the last one if there was no epoch yet; with its weights.
  public func best() throws -> CompiledModel {
    if let bestParameters { return try CompiledModel(training.model, weights: bestParameters) }
    // After an interruption the best model may be older than the run's going on.
    if let files, progress.best != nil { return try CompiledModel(path: files.model) }
    return try CompiledModel(training.model, weights: step.parameters())
  }

  /// Trains until the recipe's end, or until a watcher stops.
  ///
  /// - Parameter watch: told of everything; says whether to go on.
  /// - Throws: `TrainingError` for a loss that is not finite; `FormatError` when a file can't be
  ///   written. The last checkpoint stays as it was.
  @discardableResult public func run(
    _ watch: (TrainingEvent) throws -> TrainingDecision = { _ in .goOn }
  ) throws -> TrainingSummary {
    let overview = TrainingOverview(
      parameterCount: step.traced.module.parameters.compactMap { $0.type.staticShape }
        .map { $0.reduce(1, *) }.reduce(0, +),
      batchesPerEpoch: cursor.epoch.batchCount, epochs: training.recipe.epochs,
      stepsBefore: stepsBefore)
    var decision = try watch(.started(overview))
    while cursor.position.epoch < training.recipe.epochs, !progress.hasConverged {
      guard decision == .goOn else {
        try save()
        return summary(.stopped)
      }
      let report = try makeStep()
      decision = try watch(.step(report))
      guard cursor.position.batch == 0 else {
        if lastSave.duration(to: .now) > Self.savingInterval { try save() }
        continue
      }
      let record = try endEpoch(learningRate: report.learningRate)
      try files?.write(progress.history, title: training.model.module.name)
      try save()
      if try watch(.epoch(record)) == .stop { decision = .stop }
    }
    return summary(progress.hasConverged ? .noImprovement : .finished)
  }

  // MARK: - Steps

  private func makeStep() throws -> StepReport {
    let start = ContinuousClock.now
    let (place, batches) = (cursor.position, cursor.epoch.batchCount)
    let batch = try cursor.next()
    if !batch.continuesState { try step.resetModelStates() }
    let total = batches * training.recipe.epochs
    let rate = training.recipe.schedule.rate(
      step: step.count, of: total, validation: progress.losses)
    try telemetry?.measure(batch, step)
    let result = try step.run(
      batch.tensors, learningRate: rate, progress: Double(step.count) / Double(max(total, 1)))
    guard result.loss.isFinite, result.gradientNorm.isFinite else {
      throw TrainingError(
        message: "step \(step.count), epoch \(place.epoch + 1), batch \(place.batch + 1) of "
          + "\(batches): the loss is \(result.loss) and the norm of its gradient "
          + "\(result.gradientNorm) at learning rate \(rate)"
          + (files.map { "; the last checkpoint, \($0.checkpoint), is from before" } ?? ""))
    }
    arenaBytes = max(arenaBytes, step.plan?.arenaBytes ?? 0)
    progress.current.add(batch, loss: result.loss, outputs: result.outputs)
    progress.position = cursor.position
    progress.tokens += batch.tokenCount
    progress.seconds += start.duration(to: .now) / .seconds(1)
    let made = Double(place.batch + 1)
    let left = Double((training.recipe.epochs - place.epoch) * batches) - made
    return StepReport(
      epoch: place.epoch + 1, epochs: training.recipe.epochs, batch: place.batch + 1,
      batches: batches, step: step.count, loss: result.loss,
      meanLoss: progress.current.meanLoss, gradientNorm: result.gradientNorm, learningRate: rate,
      tokensPerSecond: Double(progress.tokens) / progress.seconds,
      secondsLeft: progress.seconds / made * left)
  }

  // MARK: - Epochs

  private func endEpoch(learningRate: Double) throws -> EpochRecord {
    let parameters = try step.parameters()
    let measured = try validation.metrics(data, parameters: parameters)
    let learned = progress.current.metrics
    let metrics = measured.isEmpty ? learned : measured
    let value = metrics.first { $0.name == main.name }?.value ?? .nan
    let isBest = progress.best.map { main.isLargerBetter ? value > $0 : value < $0 } ?? true
    let record = EpochRecord(
      epoch: cursor.position.epoch, step: step.count, learningRate: learningRate,
      training: learned, validation: measured, isBest: isBest, seconds: progress.seconds,
      tokens: progress.tokens)
    progress.endEpoch(record, value, Evaluation(task: training.model.task))
    if isBest {
      bestParameters = parameters
      if let files {
        try CompiledModel(training.model, weights: parameters).write(to: files.model)
      }
    }
    return record
  }

  private func save() throws {
    try files?.save(step.snapshot(), progress)
    try telemetry?.draw()
    lastSave = .now
  }

  private func summary(_ ending: TrainingSummary.Ending) -> TrainingSummary {
    TrainingSummary(
      ending: ending, history: progress.history, best: progress.history.last { $0.isBest },
      arenaBytes: arenaBytes)
  }
}
