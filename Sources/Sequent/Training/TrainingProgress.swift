import SequentIR

/// What came of one epoch of training: a line of `metrics.jsonl`.
public struct EpochRecord: Codable, Hashable, Sendable {
  /// The epoch, from 1.
  public let epoch: Int
  /// How many steps were made up to its end.
  public let step: Int
  /// The learning rate of its last step.
  public let learningRate: Double
  /// The metrics over its batches, each as the model was when it saw it.
  public let training: [Metric]
  /// The metrics on what is not learned from; none without such data.
  public let validation: [Metric]
  /// Whether the model was better than after every epoch before.
  public let isBest: Bool
  /// How long its steps took, in seconds, validation left out.
  public let seconds: Double
  /// How many tokens were learned from.
  public let tokens: Int

  /// A metric by name, that of validation if there was any.
  public func metric(_ name: String) -> Double? {
    let metrics = validation.isEmpty ? training : validation
    return metrics.first { $0.name == name }?.value
  }

  /// The record as a line of JSON.
  var json: JSON {
    let object = { (metrics: [Metric]) in
      JSON.object(metrics.map { JSON.Member(name: $0.name, value: .number($0.value)) })
    }
    return .object([
      JSON.Member(name: "epoch", value: .integer(epoch)),
      JSON.Member(name: "step", value: .integer(step)),
      JSON.Member(name: "learning_rate", value: .number(learningRate)),
      JSON.Member(name: "training", value: object(training)),
      JSON.Member(name: "validation", value: object(validation)),
      JSON.Member(name: "best", value: .bool(isBest)),
      JSON.Member(name: "seconds", value: .number(seconds)),
      JSON.Member(name: "tokens", value: .integer(tokens)),
    ])
  }
}

/// Where a run is, beside the tensors: what a checkpoint keeps so that going on is as if nothing
/// had happened.
struct TrainingProgress: Codable, Sendable {
  /// What the run was started with; another one can't go on from here.
  let identity: TrainingIdentity
  /// The settings of the model that were found in the data.
  let settings: [String: String]
  /// The batch that comes next.
  var position = DataPosition()
  /// The epochs so far.
  var history: [EpochRecord] = []
  /// The epoch under way.
  var current: Evaluation
  /// How long its steps took so far, in seconds.
  var seconds = 0.0
  /// How many tokens it had so far.
  var tokens = 0
  /// The best value of the main metric, and how many epochs ago it was.
  var best: Double?
  var epochsSinceBest = 0

  /// A run at its start.
  init(identity: TrainingIdentity, settings: [String: String], current: Evaluation) {
    self.identity = identity
    self.settings = settings
    self.current = current
  }

  /// A run that goes on as another identity: one with more epochs.
  init(identity: TrainingIdentity, goingOn saved: TrainingProgress) {
    self.init(identity: identity, settings: saved.settings, current: saved.current)
    (position, history, seconds, tokens) = (
      saved.position, saved.history, saved.seconds, saved.tokens
    )
    (best, epochsSinceBest) = (saved.best, saved.epochsSinceBest)
  }

  /// Closes an epoch that came out with this value of the main metric.
  mutating func endEpoch(_ record: EpochRecord, _ value: Double, _ next: Evaluation) {
    history.append(record)
    if record.isBest { best = value }
    epochsSinceBest = record.isBest ? 0 : epochsSinceBest + 1
    (current, seconds, tokens) = (next, 0, 0)
  }

  /// Whether nothing better came for as long as the recipe waits.
  var hasConverged: Bool {
    identity.recipe.patience.map { epochsSinceBest >= max($0, 1) } ?? false
  }

  /// The losses that a plateau shows in.
  var losses: [Double] { history.compactMap { $0.metric("loss") } }
}

/// What must be the same for a run to be continued.
struct TrainingIdentity: Codable, Hashable, Sendable {
  /// A hash of the graph that is trained.
  let model: String
  /// A hash of the data.
  let data: String
  /// How it is trained.
  let recipe: TrainingRecipe
  /// What first values, dropout and the order of data are drawn from.
  let seed: UInt64

  init(_ training: TracedTraining, _ data: TrainingData, seed: UInt64) throws {
    // Places in the source, which stand behind `//`, may move; the graph must not.
    let lines = training.training.text.split(separator: "\n")
    let text = lines.map { $0.prefix(upTo: $0.firstRange(of: " //")?.lowerBound ?? $0.endIndex) }
    model = String(text.joined(separator: "\n").withUTF8Bytes(stableHash), radix: 16)
    self.data = try data.fingerprint()
    recipe = training.recipe
    self.seed = seed
  }

  /// Checks that a run that was started as another is can go on as this one: more epochs do no harm.
  func check(against other: TrainingIdentity, file: String) throws {
    var differences: [String] = []
    if model != other.model { differences.append("the model") }
    if data != other.data { differences.append("the data") }
    if seed != other.seed { differences.append("the seed") }
    differences += recipe.differences(from: other.recipe).filter { $0 != "epochs" }
    guard differences.isEmpty else {
      throw FormatError(
        file: file,
        reason:
          "a run that differs in \(differences.joined(separator: ", ")); it can only go on as "
          + "it was started")
    }
  }
}
