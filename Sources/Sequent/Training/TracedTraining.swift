import SequentIR

/// A model as training sees it, as data: what runs later, what is trained, and how.
///
/// A model of the user's program, one in a Swift file that `sequent train` compiles, and one that
/// comes with Sequent all become this.
public struct TracedTraining: Sendable {
  /// The model as it is run.
  public var model: TracedModel
  /// The model in training: dropout is on, and the first result is `loss`.
  public var training: Module
  /// The same without what only training does: the loss of validation.
  public var validation: Module
  /// How it is trained when nobody says otherwise.
  public var recipe: TrainingRecipe

  /// Creates it from its parts.
  public init(
    model: TracedModel, training: Module, validation: Module, recipe: TrainingRecipe
  ) {
    self.model = model
    self.training = training
    self.validation = validation
    self.recipe = recipe
  }

  /// A model's, with its own objective and recipe or others.
  ///
  /// - Throws: `TrainingError` for a model that has no objective, `ModelError` for a mistake in it.
  public init(
    _ model: some Model, objective: Objective? = nil, recipe: TrainingRecipe? = nil
  ) throws {
    let traced = try model.traced()
    guard let objective = objective ?? model.objective else {
      throw TrainingError(
        message: "model '\(traced.module.name)' has nothing to make small: it needs an objective, "
          + "or a task that has one")
    }
    self.init(
      model: traced, training: try model.traced(for: objective, isTraining: true),
      validation: try model.traced(for: objective, isTraining: false),
      recipe: recipe ?? model.recipe)
  }
}

extension ModelTask {
  /// What training makes small for this task, if it says.
  public var objective: Objective? {
    switch kind {
    case .classify, .tag, .languageModel, .sequenceToSequence: .labels()
    case .forecast: .squaredError
    case .embed: nil
    }
  }
}

/// A training run that can't go on, and why.
public struct TrainingError: Error, CustomStringConvertible {
  /// What is wrong, and where.
  public let message: String

  /// The message.
  public var description: String { message }
}
