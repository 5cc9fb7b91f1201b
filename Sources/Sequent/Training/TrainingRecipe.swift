/// How a model is trained: all numbers of a run, as data.
///
/// A model names its own; `sequent train` changes single ones of them.
public struct TrainingRecipe: Codable, Hashable, Sendable {
  /// How many passes over the training data are made.
  public var epochs: Int
  /// How many examples a batch has at most, or streams for a language model.
  public var batch: Int
  /// How many tokens of every stream a batch of a language model has.
  public var window: Int
  /// How parameters follow their gradients.
  public var optimizer: Optimizer
  /// The learning rate over time.
  public var schedule: Schedule
  /// Training ends when so many epochs in a row brought nothing better; nil: it does not.
  public var patience: Int?

  /// Creates a recipe.
  public init(
    epochs: Int = 10, batch: Int = 64, window: Int = 64,
    optimizer: Optimizer = .adamW().clipping(norm: 1),
    schedule: Schedule = Schedule(.oneCycle(share: 0.3), peak: 3e-3), patience: Int? = nil
  ) {
    self.epochs = epochs
    self.batch = batch
    self.window = window
    self.optimizer = optimizer
    self.schedule = schedule
    self.patience = patience
  }

  /// The names of what differs from another recipe.
  func differences(from other: TrainingRecipe) -> [String] {
    var names: [String] = []
    if epochs != other.epochs { names.append("epochs") }
    if batch != other.batch { names.append("batch") }
    if window != other.window { names.append("window") }
    if optimizer != other.optimizer { names.append("optimizer") }
    if schedule != other.schedule { names.append("schedule") }
    if patience != other.patience { names.append("patience") }
    return names
  }
}
