#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the command ends with.
enum ExitStatus: Int32 {
  case success = 0
  /// It could not be done.
  case failure = 1
  /// It was asked for in the wrong way.
  case misuse = 2
}

/// The verbs, in the order of the overview.
let commands: [Command] = [
  compileCommand, runCommand, predictCommand, trainCommand, evaluateCommand, benchCommand,
  inspectCommand, listCommand, optCommand, verifyCommand,
]

/// Runs the command that the arguments name.
func run(_ arguments: [String]) -> ExitStatus {
  guard let name = arguments.first else {
    note("error: a command is missing\n\n" + overview(of: commands))
    return .misuse
  }
  do {
    if ["--help", "-h", "help"].contains(name) {
      try output(overview(of: commands))
      return .success
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      throw UsageError("unknown command '\(name)'" + didYouMean(name, among: commands.map(\.name)))
    }
    let rest = Array(arguments.dropFirst())
    if rest.prefix(while: { $0 != "--" }).contains("--help") {
      try output(command.help)
      return .success
    }
    return run(command, rest)
  } catch {
    return report(error, hint: "sequent --help lists the commands")
  }
}

private func run(_ command: Command, _ arguments: [String]) -> ExitStatus {
  do {
    try command.run(try Arguments(arguments, for: command))
    return .success
  } catch {
    return report(error, hint: "\(command.usage); sequent \(command.name) --help says more")
  }
}

/// Says what went wrong.
private func report(_ error: any Error, hint: String) -> ExitStatus {
  note("error: \(error)")
  guard error is UsageError else { return .failure }
  note(hint)
  return .misuse
}

reserveStandardDescriptors()
exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
