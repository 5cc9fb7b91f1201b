import Foundation
import SequentIR

/// A model of another program's, as text that a file or a pipe carries: how a Swift file that the
/// command compiles gives it its model.
public struct ModelDescription: Codable, Sendable {
  /// How much of a model is asked for.
  public enum Detail: String, Codable, Sendable {
    /// What it looks for in training data.
    case preparation
    /// The model as it runs.
    case model
    /// That, and what training needs.
    case training
  }

  /// What the model looks for in training data.
  public var preparation: DataPreparation?
  private var model: String?
  private var task: String?
  private var training: String?
  private var validation: String?
  private var recipe: TrainingRecipe?
  private var error: String?

  /// Describes a model with some of its configuration changed; a mistake in it is part of that.
  public init<Described: Model>(
    _ type: Described.Type, _ detail: Detail, settings: [String: String]
  ) {
    preparation = Described.preparation
    guard detail != .preparation else { return }
    do {
      let described = try Described.configured(settings)
      let traced = try described.traced()
      model = traced.module.text
      task = try traced.task?.json()
      guard detail == .training else { return }
      let all = try TracedTraining(described)
      training = all.training.text
      validation = all.validation.text
      recipe = all.recipe
    } catch {
      self.error = "\(error)"
    }
  }

  /// The model.
  ///
  /// - Throws: `ModelDescriptionError` with the mistake in it.
  public func traced() throws -> TracedModel {
    if let error { throw ModelDescriptionError(description: error) }
    return TracedModel(
      module: try Module(parsing: model ?? ""), task: try task.map { try ModelTask(json: $0) })
  }

  /// The model and its training.
  public func tracedTraining() throws -> TracedTraining {
    TracedTraining(
      model: try traced(), training: try Module(parsing: training ?? ""),
      validation: try Module(parsing: validation ?? ""), recipe: recipe ?? TrainingRecipe())
  }
}

/// A mistake in a model that another program found.
public struct ModelDescriptionError: Error, CustomStringConvertible {
  /// The mistake.
  public let description: String
}
