/// An option of a command, declared once: what is read, what `--help` says, what is suggested.
struct Option<Value: Sendable>: Sendable {
  /// The word after the two dashes.
  let name: String
  /// The letter after one dash.
  let letter: Character?
  /// What stands for the value in help texts: `FILE`, `KEY=VALUE`.
  let placeholder: String
  /// Whether it may be given several times.
  let isRepeatable: Bool
  /// What it does, in a line or two.
  let help: String
  /// A value out of its text.
  let parse: @Sendable (String) throws(UsageError) -> Value

  /// Declares an option with a value.
  init(
    _ name: String, letter: Character? = nil, _ placeholder: String, isRepeatable: Bool = false,
    help: String, parse: @escaping @Sendable (String) throws(UsageError) -> Value
  ) {
    self.name = name
    self.letter = letter
    self.placeholder = placeholder
    self.isRepeatable = isRepeatable
    self.help = help
    self.parse = parse
  }
}

/// An option without a value: it is given, or it is not.
struct Flag: Sendable {
  /// The word after the two dashes.
  let name: String
  /// What it does, in a line or two.
  let help: String

  /// Declares a flag.
  init(_ name: String, help: String) {
    self.name = name
    self.help = help
  }
}

/// An argument known by its place.
struct Positional: Sendable {
  /// What stands for it in help texts: `MODEL`.
  let name: String
  /// Whether it may be left out.
  let isOptional: Bool
  /// What it is, in a line or two.
  let help: String

  /// Declares an argument.
  init(_ name: String, isOptional: Bool = false, help: String) {
    self.name = name
    self.isOptional = isOptional
    self.help = help
  }
}

/// What options and flags have in common, for reading and for help.
protocol AnyOption: Sendable {
  var name: String { get }
  var letter: Character? { get }
  /// What stands for the value; nil for a flag.
  var valuePlaceholder: String? { get }
  var isRepeatable: Bool { get }
  var help: String { get }
  /// Finds out whether a text is a value.
  func check(_ text: String) throws(UsageError)
}

extension Option: AnyOption {
  var valuePlaceholder: String? { placeholder }
  func check(_ text: String) throws(UsageError) { _ = try parse(text) }
}

extension Flag: AnyOption {
  var letter: Character? { nil }
  var valuePlaceholder: String? { nil }
  var isRepeatable: Bool { false }
  func check(_ text: String) {}
}

extension AnyOption {
  /// `--output FILE`, as messages and help texts name the option.
  var usage: String { valuePlaceholder.map { "--\(name) \($0)" } ?? "--\(name)" }
}
