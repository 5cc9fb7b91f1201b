import Foundation
import SequentIR
import Testing

/// Modules that are refused, in files beside this one: `// error:` says why, on the line it is about.
@Suite struct NegativeTests {
  struct Case: CustomStringConvertible, Sendable {
    let text: String
    let line: Int
    let message: String

    var description: String { message }
  }

  static func cases(in name: String) throws -> [Case] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Negatives/\(name).sqir")
    let texts = try String(contentsOf: file, encoding: .utf8).components(
      separatedBy: "// -----\n")
    return try texts.map { text in
      let lines = text.components(separatedBy: "\n")
      let line = try #require(lines.firstIndex { $0.contains("// error: ") })
      let message = lines[line].components(separatedBy: "// error: ")[1]
      return Case(text: text, line: line + 1, message: message)
    }
  }

  @Test(arguments: try cases(in: "parser"))
  func parserRefuses(_ refused: Case) throws {
    let error = try #require(throws: ParseError.self) { try Module(parsing: refused.text) }
    #expect(error.description == refused.message)
    #expect(error.line == refused.line)
  }

  @Test(arguments: try cases(in: "verifier"))
  func verifierRefuses(_ refused: Case) throws {
    let module = try Module(parsing: refused.text)
    let error = try #require(throws: VerificationError.self) { try verify(module) }
    #expect(error.description == refused.message)
  }
}
