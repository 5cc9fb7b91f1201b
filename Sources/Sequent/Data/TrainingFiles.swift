/// The files that a model is trained on, and what its progress is measured on.
public struct TrainingFiles: Hashable, Sendable {
  /// What is learned from.
  public var paths: [String]
  /// What is never learned from; none for a part of `paths`.
  public var validation: [String]
  /// The part of `paths` that is held out when there are no validation files, 0 to 1.
  public var heldOut: Double

  /// Creates a description; nothing is read yet.
  public init(_ paths: [String], validation: [String] = [], heldOut: Double = 0) {
    self.paths = paths
    self.validation = validation
    self.heldOut = heldOut
  }

  /// The part of `paths` that is learned from.
  var trainingPart: DataPart {
    validation.isEmpty && heldOut > 0 ? .training(heldOut: heldOut) : .all
  }

  /// The files and the part of them that is not learned from; nil if there is none.
  var validationPart: (paths: [String], part: DataPart)? {
    if !validation.isEmpty { return (validation, .all) }
    return heldOut > 0 ? (paths, .heldOut(heldOut)) : nil
  }
}
