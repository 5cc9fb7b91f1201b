/// The arguments of one invocation, read against a command's declarations.
struct Arguments: Sendable {
  private var texts: [String: [String]] = [:]
  private var positionals: [String] = []

  /// Reads arguments.
  ///
  /// Options may stand anywhere, as `--name VALUE`, `--name=VALUE`, `-n VALUE` or `-nVALUE`; what
  /// follows `--` is taken as it stands, and `-` alone is a value like any other.
  ///
  /// - Throws: `UsageError` for what the command does not declare, and for values that its options
  ///   don't take.
  init(_ arguments: [String], for command: Command) throws(UsageError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        positionals += rest
        rest = []
      } else if argument.hasPrefix("--") {
        try readLong(argument.dropFirst(2), &rest, command)
      } else if argument.hasPrefix("-"), argument != "-" {
        try readShort(argument.dropFirst(), &rest, command)
      } else {
        positionals.append(argument)
      }
    }
    try checkPositionals(command)
  }

  private mutating func readLong(
    _ argument: Substring, _ rest: inout ArraySlice<String>, _ command: Command
  ) throws(UsageError) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.options.first(where: { $0.name == name }) else {
      throw UsageError(
        "unknown option --\(name)"
          + didYouMean(name, among: command.options.map(\.name) + ["help"], prefix: "--"))
    }
    try add(option, parts.count > 1 ? String(parts[1]) : nil, &rest, command)
  }

  private mutating func readShort(
    _ argument: Substring, _ rest: inout ArraySlice<String>, _ command: Command
  ) throws(UsageError) {
    guard let letter = argument.first,
      let option = command.options.first(where: { $0.letter == letter })
    else { throw UsageError("unknown option -\(argument)") }
    let value = argument.dropFirst()
    try add(option, value.isEmpty ? nil : String(value), &rest, command)
  }

  private mutating func add(
    _ option: any AnyOption, _ attached: String?, _ rest: inout ArraySlice<String>,
    _ command: Command
  ) throws(UsageError) {
    guard option.isRepeatable || texts[option.name] == nil else {
      throw UsageError("option --\(option.name) is given twice")
    }
    guard option.valuePlaceholder != nil else {
      if attached != nil { throw UsageError("option --\(option.name) takes no value") }
      texts[option.name] = []
      return
    }
    guard let text = attached ?? takeValue(&rest, command) else {
      throw UsageError("option \(option.usage): the value is missing")
    }
    do throws(UsageError) {
      try option.check(text)
    } catch {
      throw UsageError("option --\(option.name): \(error.message)")
    }
    texts[option.name, default: []].append(text)
  }

  /// The next argument as a value, unless it is an option of the command itself.
  private func takeValue(_ rest: inout ArraySlice<String>, _ command: Command) -> String? {
    guard let next = rest.first else { return nil }
    let isOption = command.options.contains {
      next == "--\($0.name)" || next.hasPrefix("--\($0.name)=")
    }
    return isOption ? nil : rest.popFirst()
  }

  private func checkPositionals(_ command: Command) throws(UsageError) {
    if positionals.count < command.positionals.count {
      let missing = command.positionals[positionals.count]
      guard missing.isOptional else { throw UsageError("\(missing.name) is missing") }
    }
    guard positionals.count <= command.positionals.count else {
      throw UsageError("unexpected argument '\(positionals[command.positionals.count])'")
    }
  }

  // MARK: - Values

  /// The argument at a place, if it is given.
  func positional(_ index: Int) -> String? {
    index < positionals.count ? positionals[index] : nil
  }

  /// The argument at a place that the command declares as one that must be given.
  func required(_ index: Int) throws(UsageError) -> String {
    guard let text = positional(index) else {
      throw UsageError("argument \(index + 1) is missing")
    }
    return text
  }

  /// Whether a flag is given.
  func has(_ flag: Flag) -> Bool { has(flag.name) }

  /// Whether an option or a flag of a name is given.
  func has(_ name: String) -> Bool { texts[name] != nil }

  /// The value of an option, if it is given.
  func value<Value>(_ option: Option<Value>) throws(UsageError) -> Value? {
    guard let text = texts[option.name]?.last else { return nil }
    return try option.parse(text)
  }

  /// All values of an option that may be repeated.
  func values<Value>(_ option: Option<Value>) throws(UsageError) -> [Value] {
    var values: [Value] = []
    for text in texts[option.name] ?? [] { values.append(try option.parse(text)) }
    return values
  }

  /// All values of an option whose values are lists, in one.
  func list<Element>(_ option: Option<[Element]>) throws(UsageError) -> [Element] {
    try values(option).flatMap { $0 }
  }
}
