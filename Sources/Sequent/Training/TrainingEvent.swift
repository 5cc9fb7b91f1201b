/// What a trainer tells those who watch it.
public enum TrainingEvent: Sendable {
  /// The run begins, or goes on.
  case started(TrainingOverview)
  /// A step was made.
  case step(StepReport)
  /// An epoch has ended; its metrics are on the disk if the run has a folder.
  case epoch(EpochRecord)
}

/// What a watcher wants after an event.
public enum TrainingDecision: Hashable, Sendable {
  /// Training goes on.
  case goOn
  /// Training ends here, and can be continued from its checkpoint.
  case stop
}

/// A run before its first step.
public struct TrainingOverview: Sendable {
  /// How many numbers are learned.
  public let parameterCount: Int
  /// How many batches an epoch has.
  public let batchesPerEpoch: Int
  /// How many epochs there will be at most.
  public let epochs: Int
  /// How many steps were made before, in the run that is continued.
  public let stepsBefore: Int
}

/// One step of a run.
public struct StepReport: Sendable {
  /// The epoch, from 1, and how many there are.
  public let epoch: Int
  public let epochs: Int
  /// The batch of the epoch, from 1, and how many there are.
  public let batch: Int
  public let batches: Int
  /// How many steps were made.
  public let step: Int
  /// The loss before the update.
  public let loss: Double
  /// The mean loss of the epoch so far.
  public let meanLoss: Double
  /// The norm of all gradients before clipping.
  public let gradientNorm: Double
  /// The learning rate of the step.
  public let learningRate: Double
  /// How many tokens are learned from in a second, over the epoch so far.
  public let tokensPerSecond: Double
  /// How long all that is left takes at this rate, in seconds, validation left out.
  public let secondsLeft: Double
}

/// How a run ended.
public struct TrainingSummary: Sendable {
  /// Why it ended.
  public enum Ending: Hashable, Sendable {
    /// All epochs were made.
    case finished
    /// Nothing better came for as many epochs as the recipe waits.
    case noImprovement
    /// A watcher stopped it.
    case stopped
  }

  /// Why it ended.
  public let ending: Ending
  /// The epochs.
  public let history: [EpochRecord]
  /// The epoch with the best model.
  public let best: EpochRecord?
  /// The largest arena that a step's plan took, in bytes.
  public let arenaBytes: Int
}
