/// Telemetry of a run: a record every so many steps, and pictures of them.
struct TrainingTelemetry {
  private let probe: TelemetryProbe
  private var log: TelemetryLog
  private let interval: Int

  /// Begins, or goes on at a step.
  init(
    _ training: TracedTraining, _ files: TrainingFolder, every interval: Int, at step: Int,
    seed: UInt64, threads: Int?
  ) throws {
    probe = try TelemetryProbe(training.training, seed: seed, threads: threads)
    log = try TelemetryLog(folder: files.folder, resumingAt: step > 0 ? step : nil)
    self.interval = max(interval, 1)
  }

  /// Measures on the batch of the next step, if it is time to.
  mutating func measure(_ batch: Batch, _ step: TrainingStep) throws {
    guard step.count.isMultiple(of: interval) else { return }
    try log.append(probe.measure(batch.tensors, at: step.snapshot()))
  }

  /// Draws what was measured.
  func draw() throws { try log.writePlots() }
}
