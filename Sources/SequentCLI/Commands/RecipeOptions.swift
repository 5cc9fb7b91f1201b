import Sequent
import SequentCompiler

/// The options that change how a model is trained.
enum RecipeOptions {
  private enum OptimizerName: String, CaseIterable {
    case sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw

    func optimizer(weightDecay: Double?) -> Optimizer {
      switch self {
      case .sgd: .sgd(weightDecay: weightDecay ?? 0)
      case .momentum: .sgd(momentum: 0.9, weightDecay: weightDecay ?? 0)
      case .nesterov: .sgd(momentum: 0.9, nesterov: true, weightDecay: weightDecay ?? 0)
      case .rmsprop: .rmsProp(weightDecay: weightDecay ?? 0)
      case .adagrad: .adagrad(weightDecay: weightDecay ?? 0)
      case .adam: .adam(weightDecay: weightDecay ?? 0)
      case .adamw: .adamW(weightDecay: weightDecay ?? 0.01)
      }
    }
  }

  private enum ScheduleName: String, CaseIterable {
    case constant, linear, cosine, plateau
    case oneCycle = "one-cycle"

    var shape: Schedule.Shape {
      switch self {
      case .constant: .constant
      case .linear: .linear
      case .cosine: .cosine
      case .oneCycle: .oneCycle(share: 0.3)
      case .plateau: .plateau(factor: 0.5, patience: 2)
      }
    }
  }

  private static let epochs = count("epochs", "how many passes over the data", 1...1_000_000)
  private static let batch = count(
    "batch", "how many examples a batch has, or streams for a language model", 1...1_000_000)
  private static let window = count(
    "window", "how many tokens of a stream a batch has", 1...1_000_000)
  private static let patience = count(
    "patience", "end when so many epochs in a row brought nothing better", 1...1_000_000)
  private static let warmUp = count(
    "warm-up", "for so many steps the learning rate rises from 0", 0...1_000_000_000)
  private static let learningRate = number("learning-rate", "the largest learning rate")
  private static let weightDecay = number("weight-decay", "how much parameters shrink")
  private static let clipNorm = number("clip", "the largest norm of all gradients together")
  private static let clipValue = number("clip-value", "the largest magnitude of a gradient")
  private static let optimizer = Option<OptimizerName>(
    "optimizer", help: "how parameters follow their gradients")
  private static let schedule = Option<ScheduleName>(
    "schedule", help: "the learning rate over the steps")

  /// All of them, as `--help` lists them.
  static let all: [any AnyOption] = [
    epochs, batch, window, learningRate, schedule, warmUp, optimizer, weightDecay, clipNorm,
    clipValue, patience,
  ]

  /// Changes what options say.
  static func change(_ recipe: inout TrainingRecipe, _ arguments: Arguments) throws(UsageError) {
    recipe.epochs = try arguments.value(epochs) ?? recipe.epochs
    recipe.batch = try arguments.value(batch) ?? recipe.batch
    recipe.window = try arguments.value(window) ?? recipe.window
    recipe.patience = try arguments.value(patience) ?? recipe.patience
    recipe.schedule.peak = try arguments.value(learningRate) ?? recipe.schedule.peak
    recipe.schedule.warmUp = try arguments.value(warmUp) ?? recipe.schedule.warmUp
    recipe.schedule.shape = try arguments.value(schedule)?.shape ?? recipe.schedule.shape
    let decay = try arguments.value(weightDecay)
    if let name = try arguments.value(optimizer) {
      let clipping = recipe.optimizer.options
      recipe.optimizer = name.optimizer(weightDecay: decay)
        .clipping(norm: clipping.maximumNorm, value: clipping.maximumValue)
    } else if let decay {
      recipe.optimizer.options.weightDecay = decay
    }
    if let norm = try arguments.value(clipNorm) { recipe.optimizer.options.maximumNorm = norm }
    if let value = try arguments.value(clipValue) { recipe.optimizer.options.maximumValue = value }
  }

  private static func count(_ name: String, _ help: String, _ range: ClosedRange<Int>) -> Option<
    Int
  > {
    Option(name, "N", help: help) { text throws(UsageError) in try wholeNumber(text, in: range) }
  }

  private static func number(_ name: String, _ help: String) -> Option<Double> {
    Option(name, "X", help: help) { text throws(UsageError) in
      try decimalNumber(text, in: 0...1e6)
    }
  }
}
