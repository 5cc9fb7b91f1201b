import Foundation

/// Other programs that the command calls.
enum Subprocess {
  /// How a program ended.
  enum Outcome: Hashable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    /// As the end of a sentence about what was being done.
    var description: String {
      switch self {
      case .exited(let status): "failed with exit status \(status)"
      case .signalled(let signal): "crashed: \(String(cString: strsignal(signal)).lowercased())"
      }
    }
  }

  /// The path of a program in one of the folders of `PATH`.
  static func find(_ name: String, _ what: String) throws(CommandError) -> String {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
      return "\(folder)/\(name)"
    }
    throw CommandError("\(name), \(what), is in no folder of PATH")
  }

  /// Runs a program; what it prints goes to standard error, as the data is on standard output.
  static func run(_ program: String, _ arguments: [String]) throws -> Outcome {
    try run(program, arguments, input: FileHandle.nullDevice, output: FileHandle.standardError)
  }

  /// Runs a program with a text as its standard input, and gives what it prints.
  static func filter(
    _ program: String, _ arguments: [String], _ text: String
  ) throws -> (outcome: Outcome, output: Data) {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try text.write(toFile: folder.path("input"), atomically: false, encoding: .utf8)
    try Data().write(to: URL(filePath: folder.path("output")))
    let input = try FileHandle(forReadingFrom: URL(filePath: folder.path("input")))
    let output = try FileHandle(forWritingTo: URL(filePath: folder.path("output")))
    let outcome = try run(program, arguments, input: input, output: output)
    return (outcome, try Data(contentsOf: URL(filePath: folder.path("output"))))
  }

  private static func run(
    _ program: String, _ arguments: [String], input: FileHandle, output: FileHandle
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.standardError
    try process.run()
    process.waitUntilExit()
    return process.terminationReason == .exit
      ? .exited(process.terminationStatus) : .signalled(process.terminationStatus)
  }
}
