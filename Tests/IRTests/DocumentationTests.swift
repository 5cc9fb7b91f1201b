import Foundation
import SequentIR
import Testing

/// The README's module is one, printed as the printer prints it.
@Test func readmeExampleIsExact() throws {
  let readme = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/SequentIR/README.md")
  let lines = try String(contentsOf: readme, encoding: .utf8).components(separatedBy: "\n")
  let start = try #require(lines.firstIndex { $0.hasPrefix("    module @") })
  let example = lines[start...].prefix { $0.isEmpty || $0.hasPrefix("    ") }
    .map { String($0.dropFirst(4)) }
  let end = try #require(example.firstIndex(of: "}"))
  let text = example[...end].joined(separator: "\n") + "\n"
  let module = try Module(parsing: text)
  try verify(module)
  #expect(module.text == text)
}
