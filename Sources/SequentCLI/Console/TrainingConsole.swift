import Foundation
import Sequent
import SequentBenchmarks

#if canImport(Glibc)
  import Glibc
#endif

/// How a training run shows on standard error: a line that is written over on a terminal, one now
/// and then elsewhere, and one for every epoch.
final class TrainingConsole {
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private var lastLine = ContinuousClock.now
  private var hasOpenLine = false

  /// Shows the start.
  func show(_ overview: TrainingOverview, data: String) {
    note(
      "\(overview.parameterCount) parameters, \(data), \(overview.batchesPerEpoch) batches an "
        + "epoch"
        + (overview.stepsBefore > 0 ? "; goes on after step \(overview.stepsBefore)" : ""))
  }

  /// Shows a step, if it is time to.
  func show(_ step: StepReport) {
    let waiting: Duration = isTerminal ? .milliseconds(200) : .seconds(10)
    guard lastLine.duration(to: .now) > waiting else { return }
    lastLine = .now
    let text =
      "epoch \(step.epoch)/\(step.epochs) batch \(step.batch)/\(step.batches) "
      + "loss \(fixed(step.meanLoss, 4)) norm \(fixed(step.gradientNorm, 3)) "
      + "rate \(fixed(step.learningRate, 6)) \(Int(step.tokensPerSecond)) tokens/s "
      + "\(Self.time(step.secondsLeft)) left"
    if isTerminal {
      FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
      hasOpenLine = true
    } else {
      note(text)
    }
  }

  /// Shows an epoch.
  func show(_ epoch: EpochRecord, of epochs: Int) {
    closeLine()
    let metrics = { (metrics: [Metric]) in
      metrics.filter { !$0.name.hasPrefix("f1.") }
        .map { "\($0.name) \(fixed($0.value, 4))" }.joined(separator: " ")
    }
    note(
      "epoch \(epoch.epoch)/\(epochs): \(metrics(epoch.training))"
        + (epoch.validation.isEmpty ? "" : "; validation \(metrics(epoch.validation))")
        + "; \(fixed(epoch.seconds, 1)) s, \(Int(Double(epoch.tokens) / epoch.seconds)) tokens/s"
        + (epoch.isBest ? "; best so far" : ""))
  }

  /// Ends a line that would be written over.
  func closeLine() {
    if hasOpenLine { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    hasOpenLine = false
  }

  /// Seconds as hours, minutes and seconds.
  private static func time(_ seconds: Double) -> String {
    let whole = Int(max(seconds, 0).rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    if hours > 0 { return "\(hours) h \(minutes) min" }
    return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
  }
}

/// The most memory that this process had at once, in bytes.
func peakMemory() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}
