import Foundation

/// The `sequent` command as a user runs it: the executable of this build, in a process.
enum Sequent {
  /// What a process ended with and printed.
  struct Result: CustomStringConvertible {
    let status: Int32
    let output: String
    let errors: String

    /// All of it, for failures.
    var description: String { "status \(status)\noutput:\n\(output)errors:\n\(errors)" }
  }

  /// The folder of the package.
  static let package = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The executable: it lies beside the tests' own.
  static let executable: URL = {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = tests.deletingLastPathComponent().appending(path: "sequent")
    return FileManager.default.isExecutableFile(atPath: beside.path)
      ? beside : package.appending(path: ".build/debug/sequent")
  }()

  /// Runs the command with arguments and a text as standard input.
  static func run(
    _ arguments: String..., input: String = "", in folder: URL = package
  ) throws -> Result {
    try run(executable, arguments, Data(input.utf8), folder, [:])
  }

  /// Runs a line of shell in which `sequent` is the command.
  static func shell(
    _ line: String, input: String = "", in folder: URL = package,
    environment: [String: String] = [:]
  ) throws -> Result {
    let folders = executable.deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try run(
      URL(filePath: "/bin/bash"), ["-c", line], Data(input.utf8), folder,
      ["PATH": "\(folders):\(path)"].merging(environment) { $1 })
  }

  private static func run(
    _ program: URL, _ arguments: [String], _ input: Data, _ folder: URL,
    _ environment: [String: String]
  ) throws -> Result {
    let streams = try TemporaryFolder()
    try input.write(to: streams["in"])
    for name in ["out", "err"] { try Data().write(to: streams[name]) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = try FileHandle(forReadingFrom: streams["in"])
    process.standardOutput = try FileHandle(forWritingTo: streams["out"])
    process.standardError = try FileHandle(forWritingTo: streams["err"])
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: try String(decoding: streams["out"].bytes),
      errors: try String(decoding: streams["err"].bytes))
  }
}

/// A folder that is deleted with the object.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "sequent-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A file in it.
  subscript(name: String) -> URL { url.appending(path: name) }

  /// Writes a text to a file in it.
  func write(_ text: String, to name: String) throws {
    try text.write(to: self[name], atomically: false, encoding: .utf8)
  }
}

extension URL {
  fileprivate var bytes: Data { get throws { try Data(contentsOf: self) } }
}

extension String {
  fileprivate init(decoding data: Data) { self = String(decoding: data, as: UTF8.self) }
}
