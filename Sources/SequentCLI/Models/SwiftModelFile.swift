import Foundation
import Sequent
import SequentIR

/// A model in a Swift file of the user's: compiled by the toolchain's swiftc against the modules
/// that Sequent itself was built into, run to trace the model, and thrown away.
///
/// SwiftPM treats manifests in the same way. The model is the type that has the file's name.
final class SwiftModelFile {
  /// The path of the file.
  let path: String
  private let folder: TemporaryFolder

  /// Compiles a file.
  ///
  /// - Throws: `CommandError`; after mistakes that swiftc finds, and has printed, only that it did.
  init(path: String) throws {
    self.path = path
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw CommandError("\(path): no such file, or it can't be read")
    }
    let name = URL(filePath: path).deletingPathExtension().lastPathComponent
    guard Self.isTypeName(name) else {
      throw CommandError(
        "\(path): the model in a file has the file's name, and no type can be called '\(name)'")
    }
    folder = try TemporaryFolder()
    try Self.main(model: name).write(
      toFile: folder.path("main.swift"), atomically: false, encoding: .utf8)
    let build = try BuiltModules()
    let compiler = try Subprocess.find("swiftc", "the Swift toolchain's compiler")
    let compilation = try Subprocess.run(
      compiler,
      build.compilerArguments + [
        Self.argument(path), folder.path("main.swift"), "-o", folder.path("trace"),
      ])
    guard compilation == .exited(0) else {
      throw CommandError("\(path): swiftc could not compile it as the model '\(name)'")
    }
  }

  deinit { folder.remove() }

  /// As much of the model as is asked for; a mistake in it comes out when it is used.
  func description(
    _ detail: ModelDescription.Detail, settings: [String: String] = [:]
  ) throws -> ModelDescription {
    let result = folder.path("description.json")
    let trace = try Subprocess.run(
      folder.path("trace"),
      [result, detail.rawValue]
        + settings.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    guard trace == .exited(0) else { throw CommandError("\(path): tracing it \(trace)") }
    let data = try Data(contentsOf: URL(filePath: result))
    return try JSONDecoder().decode(ModelDescription.self, from: data)
  }

  /// The path as swiftc takes it for a path, and not for an option or a list of arguments.
  private static func argument(_ path: String) -> String {
    let isSpecial = path.first == "-" || path.first == "@"
    return isSpecial ? URL(filePath: path).absoluteURL.path : path
  }

  /// Types begin with a letter, and a second `main.swift` can't be.
  private static func isTypeName(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, name != "main" else { return false }
    return (first.properties.isXIDStart || first == "_")
      && name.unicodeScalars.allSatisfy { $0.properties.isXIDContinue }
  }

  /// The program around the model: writes its description as JSON to the file that its first
  /// argument names; the second says how much of it, the others are settings.
  private static func main(model: String) -> String {
    """
    import Foundation
    import Sequent

    let settings = CommandLine.arguments.dropFirst(3)
    let keys = settings.enumerated().filter { $0.offset % 2 == 0 }.map(\\.element)
    let values = settings.enumerated().filter { $0.offset % 2 == 1 }.map(\\.element)
    let description = ModelDescription(
      \(model).self, ModelDescription.Detail(rawValue: CommandLine.arguments[2]) ?? .model,
      settings: Dictionary(uniqueKeysWithValues: zip(keys, values)))
    try JSONEncoder().encode(description).write(to: URL(filePath: CommandLine.arguments[1]))

    """
  }
}

/// Where the modules and the library of the build lie that this command belongs to.
private struct BuiltModules {
  private let folder: URL
  private let package: URL

  init() throws {
    let executable = URL(filePath: CommandLine.executablePath).resolvingSymlinksInPath()
    folder = executable.deletingLastPathComponent()
    var parent = folder
    while parent.path.count > 1, !Self.exists(parent, "Kernels/include/module.modulemap") {
      parent = parent.deletingLastPathComponent()
    }
    package = parent
    for (place, file) in [
      (folder, "Modules/Sequent.swiftmodule"), (folder, "libSequentDynamic.so"),
      (package, "Kernels/include/module.modulemap"),
    ] where !Self.exists(place, file) {
      throw CommandError(
        "no \(file) for \(executable.path): a Swift file is compiled against the build that the "
          + "command belongs to; run it from the folder that swift build made")
    }
  }

  /// What swiftc has to know to compile and link against the modules.
  var compilerArguments: [String] {
    let maps = ["Kernels/include/module.modulemap", "Sources/CZlib/module.modulemap"]
    return [
      "-swift-version", "6", "-Onone", "-module-name", "SequentModel",
      "-I", folder.appending(path: "Modules").path,
      "-L", folder.path, "-lSequentDynamic", "-Xlinker", "-rpath", "-Xlinker", folder.path,
    ]
      + ["-Xcc", "-I\(package.appending(path: "Kernels/include").path)"]
      + maps.flatMap { ["-Xcc", "-fmodule-map-file=\(package.appending(path: $0).path)"] }
  }

  private static func exists(_ folder: URL, _ file: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: file).path)
  }
}

extension CommandLine {
  /// The file that is being run, wherever it was found.
  static var executablePath: String {
    let path = "/proc/self/exe"
    return (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? arguments[0]
  }
}
