import Foundation
import Sequent
import SequentExamples

/// A compiled model as an argument: a file.
enum ArtifactArgument {
  /// What `--help` says of FILE.
  static let help = Positional("FILE", help: "a compiled model, as sequent compile writes it")

  /// The artifact that an argument names.
  static func open(_ argument: String) throws -> Artifact {
    if argument.hasSuffix(".swift") || argument.hasSuffix(".sqir") {
      throw CommandError("\(argument): not compiled yet: sequent compile \(argument)")
    }
    guard FileManager.default.fileExists(atPath: argument) else {
      throw CommandError(
        "\(argument): no such file" + didYouMean(argument, among: catalog.map(\.name)))
    }
    return try Artifact(path: argument)
  }
}
