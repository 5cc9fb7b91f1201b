import Foundation

/// A block of a Markdown file that shows a terminal, marked `console`: commands after `$ `, and
/// under each what it prints.
///
/// In what is printed, `…` stands for any text within a line, and on a line of its own for any
/// lines: for times and other things that differ from run to run.
struct ConsoleBlock: CustomStringConvertible {
  /// A command and what it prints.
  struct Step {
    var command: String
    var expected: String
  }

  /// The file and line of the block's first command.
  let description: String
  let steps: [Step]

  /// The blocks of a Markdown file.
  static func all(in file: URL) throws -> [ConsoleBlock] {
    var blocks: [ConsoleBlock] = []
    var open: (line: Int, lines: [Substring])?
    let text = try String(contentsOf: file, encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
      if let block = open, line == "```" {
        blocks.append(
          ConsoleBlock(
            description: "\(file.lastPathComponent):\(block.line)", steps: steps(block.lines)))
        open = nil
      } else if open != nil {
        open?.lines.append(line)
      } else if line == "```console" {
        open = (number + 2, [])
      }
    }
    return blocks
  }

  private static func steps(_ lines: [Substring]) -> [Step] {
    var steps: [Step] = []
    for line in lines {
      if line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2)), expected: ""))
      } else if let last = steps.last, last.command.hasSuffix("\\"), last.expected.isEmpty {
        steps[steps.count - 1].command += "\n" + line
      } else if !steps.isEmpty {
        steps[steps.count - 1].expected += line + "\n"
      }
    }
    return steps
  }

  /// Runs the commands in a folder of their own, which has the package's folders in it.
  ///
  /// - Returns: what is wrong, or nil.
  func failure() throws -> String? {
    let folder = try TemporaryFolder()
    for name in ["Sources", "Tests"] {
      try FileManager.default.createSymbolicLink(
        at: folder[name], withDestinationURL: Sequent.package.appending(path: name))
    }
    for step in steps {
      let command = step.command.replacing(".build/release/sequent", with: "sequent")
      let result = try Sequent.shell(command, in: folder.url)
      guard result.status == 0 else { return "\(description): $ \(step.command)\n\(result)" }
      guard Self.matches(result.output, step.expected) else {
        return "\(description): $ \(step.command)\nprints\n\(result.output)instead of\n"
          + step.expected
      }
    }
    return nil
  }

  /// Whether a text is what a pattern with `…` describes.
  static func matches(_ text: String, _ pattern: String) -> Bool {
    var expression = ""
    for line in pattern.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let parts = line.split(separator: "…", omittingEmptySubsequences: false)
        .map { NSRegularExpression.escapedPattern(for: String($0)) }
      expression += line == "…" ? "(?:.*\\n)*" : parts.joined(separator: ".*") + "\\n"
    }
    return text.range(of: "^\(expression)$", options: .regularExpression) == text
      .startIndex..<text.endIndex
  }
}
