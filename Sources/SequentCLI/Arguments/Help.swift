extension Command {
  /// How the command is called, in a line.
  var usage: String {
    let options = options.isEmpty ? "" : " [OPTION ...]"
    let arguments = positionals.map { $0.isOptional ? " [\($0.name)]" : " \($0.name)" }
    return "usage: sequent \(name)\(arguments.joined())\(options)"
  }

  /// What `--help` prints.
  var help: String {
    var text = "\(summary)\n\n\(usage)\n"
    text += section("arguments", positionals.map { ($0.name, $0.help) })
    text += section(
      "options",
      options.map { option in
        let letter = option.letter.map { "-\($0), " } ?? "    "
        return (letter + option.usage + option.repetition, option.help)
      } + [("    --help", "this text")])
    if !discussion.isEmpty { text += "\n\(discussion)\n" }
    return text
  }
}

/// What `sequent --help` prints.
func overview(of commands: [Command]) -> String {
  "Sequent compiles sequence models and runs them.\n\nusage: sequent COMMAND [ARGUMENT ...]\n"
    + section("commands", commands.map { ($0.name, $0.summary) })
    + "\nsequent COMMAND --help says more about one of them.\n"
}

extension AnyOption {
  /// ` ...` after an option that may be given again, unless its placeholder says that it is a list.
  fileprivate var repetition: String {
    isRepeatable && valuePlaceholder?.hasSuffix("...") == false ? " ..." : ""
  }
}

/// A heading and rows of two columns; a first column that is wide gets a line of its own.
private func section(_ title: String, _ rows: [(String, String)]) -> String {
  guard !rows.isEmpty else { return "" }
  let width = 26
  var text = "\n\(title):\n"
  for (left, right) in rows {
    let lines = wrapped(right, to: 96 - width)
    if left.count < width - 2 {
      text += "  " + left + String(repeating: " ", count: width - 2 - left.count)
    } else {
      text += "  \(left)\n" + String(repeating: " ", count: width)
    }
    text += lines.joined(separator: "\n" + String(repeating: " ", count: width)) + "\n"
  }
  return text
}

/// Words in lines of at most so many letters.
private func wrapped(_ text: String, to width: Int) -> [String] {
  var lines = [""]
  for word in text.split(separator: " ") {
    if lines[lines.count - 1].isEmpty {
      lines[lines.count - 1] = String(word)
    } else if lines[lines.count - 1].count + 1 + word.count <= width {
      lines[lines.count - 1] += " \(word)"
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
