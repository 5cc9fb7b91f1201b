/// A verb of the command: its arguments as data, and what it does with them.
struct Command: Sendable {
  /// The word that chooses it.
  let name: String
  /// What it does, in a line without a full stop.
  let summary: String
  /// The arguments known by their place.
  var positionals: [Positional] = []
  /// The options and flags.
  var options: [any AnyOption] = []
  /// What else `--help` says: the forms of a value, examples.
  var discussion = ""
  /// Does it.
  let run: @Sendable (Arguments) throws -> Void
}

/// A command line that asks for what there is not: exit status 2.
struct UsageError: Error, CustomStringConvertible {
  /// What is wrong, without the command's name.
  let message: String

  /// Creates an error.
  init(_ message: String) { self.message = message }

  /// The message.
  var description: String { message }
}

/// What could not be done, when no more exact error says it: exit status 1.
struct CommandError: Error, CustomStringConvertible {
  /// What and where.
  let message: String

  /// Creates an error.
  init(_ message: String) { self.message = message }

  /// The message.
  var description: String { message }
}
