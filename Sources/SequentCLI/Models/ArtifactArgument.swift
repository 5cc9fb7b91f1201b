import EmbeddedModels
import Sequent
import SequentExamples

/// A compiled model as an argument: a file, or the name of a model that the command itself holds.
enum ArtifactArgument {
  /// What `--help` says of FILE.
  static let help = Positional(
    "FILE",
    help: "a compiled model, as sequent compile writes it, or the name of a trained one that "
      + "sequent list prints")

  /// The artifact that an argument names.
  static func open(_ argument: String) throws -> Artifact {
    if let embedded = embeddedModels.first(where: { String(cString: $0.name) == argument }) {
      let bytes = Array(UnsafeBufferPointer(start: embedded.bytes, count: embedded.size))
      return try Artifact(FileContents(bytes: bytes, name: argument))
    }
    let isSource = argument.hasSuffix(".swift") || argument.hasSuffix(".sqir")
    if isSource || catalog.contains(where: { $0.name == argument }) {
      throw CommandError(
        "\(argument): a model that is not compiled yet: sequent compile \(argument)")
    }
    return try Artifact(path: argument)
  }

  /// The names of the models that the command holds, trained.
  static var embeddedNames: [String] { embeddedModels.map { String(cString: $0.name) } }

  private static var embeddedModels: [embedded_model] {
    sequence(state: 0) { position -> embedded_model? in
      defer { position += 1 }
      let model = embedded_model_at(position)
      return model.name == nil ? nil : model
    }.map { $0 }
  }
}
