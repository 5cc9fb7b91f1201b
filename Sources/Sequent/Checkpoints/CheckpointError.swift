/// Everything in which a checkpoint and a model differ.
public struct CheckpointError: Error, CustomStringConvertible {
  /// How a tensor of the checkpoint differs from what the model needs.
  public enum Difference: Hashable, Sendable {
    /// The checkpoint lacks a tensor of this shape.
    case missing(shape: [Int])
    /// The tensor has another shape than the model needs.
    case shape(checkpoint: [Int], model: [Int])
    /// The tensor has elements of another type.
    case elementType(checkpoint: String, model: String)
    /// No parameter needs the tensor.
    case leftOver(shape: [Int])
    /// The library does not have the layer, whose path stands for the tensor.
    case unsupported(reason: String)
  }

  /// One tensor that differs.
  public struct Problem: Hashable, Sendable {
    /// The tensor's name in the checkpoint, or the one that it should have.
    public let tensor: String

    /// What is wrong with it.
    public let difference: Difference

    /// The parameters that are concerned.
    public internal(set) var parameters: [String] = []

    /// A left-over tensor that may be the missing one.
    public internal(set) var suggestion: String?
  }

  /// The checkpoint's file.
  public let file: String

  /// Whose checkpoint it was read as.
  public let library: String

  /// The differences, in the order of the model's parameters and then of the file.
  public let problems: [Problem]

  /// A line for the file, and one for each difference.
  public var description: String {
    let title = "\(file): does not fit the model, read as a \(library) checkpoint:"
    return ([title] + problems.map { "  \($0)" }).joined(separator: "\n")
  }
}

extension CheckpointError.Problem: CustomStringConvertible {
  /// The difference, in one line.
  public var description: String {
    let more = parameters.count > 1 ? " and \(parameters.count - 1) more" : ""
    let concerned = (parameters.first ?? "") + more
    let hint = suggestion.map { "; did you mean \($0)?" } ?? ""
    return switch difference {
    case .missing(let shape):
      "missing: \(tensor) \(shape), for the model's \(concerned)\(hint)"
    case .shape(let checkpoint, let model):
      "shape: \(tensor) is \(checkpoint) in the checkpoint, the model's \(concerned) needs \(model)"
    case .elementType(let checkpoint, let model):
      "type: \(tensor) is \(checkpoint) in the checkpoint, the model's \(concerned) is \(model)"
    case .leftOver(let shape):
      "left over: \(tensor) \(shape)"
    case .unsupported(let reason):
      "not possible: \(tensor): \(reason)"
    }
  }
}
