import Sequent
import SequentExamples

/// A compiled model as an argument: a file.
enum ArtifactArgument {
  /// What `--help` says of FILE.
  static let help = Positional("FILE", help: "a compiled model, as sequent compile writes it")

  /// The artifact that an argument names.
  static func open(_ argument: String) throws -> Artifact {
    let isModel =
      argument.hasSuffix(".swift") || argument.hasSuffix(".sqir")
      || catalog.contains { $0.name == argument }
    guard !isModel else {
      throw CommandError(
        "\(argument): a model that is not compiled yet: sequent compile \(argument)")
    }
    return try Artifact(path: argument)
  }
}
