import SequentIR
import TestSupport
import Testing

/// Text that nobody wrote on purpose: the parser refuses it or reads it, and never stops the process.
@Suite struct ParserFuzzTests {
  /// Pieces that mean something to the parser, put where they do not belong.
  private static let pieces = [
    "%", "@", "\"", "{", "}", "(", ")", "[", "]", ",", ":", "=", "+", "-", "->", "//", "\n", "\\",
    "0", "-1", "1099511627776", "9223372036854775807", "99999999999999999999", "1e999", "nan",
    "inf", "-inf", "0.5", "time", "batch", "f32[", "i32[batch]", "bool[]", "scan", "yield",
    "return", "body(", "function @f(", "parameter @p : f32[1]", "module", "é", "\u{0}", "\u{1F600}",
    "axis = 1", "carry = 1", "true", "false", "state",
  ]

  @Test func mutatedModulesAreReadOrRefused() throws {
    var random = SplitMix(seed: 1)
    let texts = try (0..<50).map { seed in Array(try RandomGraph(seed: seed).module.text.utf8) }
    var accepted = 0
    for _ in 0..<5000 {
      var bytes = texts[random.integer(0...texts.count - 1)]
      for _ in 0..<random.integer(1...4) { mutate(&bytes, &random) }
      guard let module = try? Module(parsing: String(decoding: bytes, as: UTF8.self)) else {
        continue
      }
      accepted += 1
      _ = try? verify(module)
      #expect(try Module(parsing: module.text).text == module.text)
    }
    #expect(accepted > 100)
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard !bytes.isEmpty else { return }
    let start = random.integer(0...bytes.count - 1)
    let end = min(bytes.count, start + random.integer(1...12))
    switch random.integer(0...4) {
    case 0: bytes.removeSubrange(start..<end)
    case 1: bytes.insert(contentsOf: bytes[start..<end], at: random.integer(0...bytes.count))
    case 2: bytes[start] = UInt8(truncatingIfNeeded: random.next())
    case 3: bytes.insert(contentsOf: (random.pick(Self.pieces) ?? "").utf8, at: start)
    default:
      // Another digit: sizes, axes and counts that do not fit.
      let digits = bytes.indices.filter { (48...57).contains(bytes[$0]) }
      if let place = random.pick(digits) { bytes[place] = UInt8(48 + random.integer(0...9)) }
    }
  }

  @Test func nestingIsLimited() throws {
    let lists = String(repeating: "[", count: 100_000)
    let error = try #require(throws: ParseError.self) {
      try Module(
        parsing: "module @m {\n  parameter @p : f32[1] {role = \(lists)}\n}")
    }
    #expect(error.message == "lists are nested deeper than 32")
    let scans = String(repeating: "%y = scan %x {carry = 1} body(%x: f32[4]) {\n", count: 10_000)
    let nested = try #require(throws: ParseError.self) {
      try Module(
        parsing: "module @m { function @main(%x: f32[4]) -> (y: f32[4]) {\n\(scans)")
    }
    #expect(nested.message == "bodies are nested deeper than 32")
  }

  @Test func repeatedDoublingIsRefused() throws {
    let doublings = (1...60).map { "%x\($0) = concatenate %x\($0 - 1), %x\($0 - 1) {axis = 0}" }
    for size in ["time", "2"] {
      let text =
        "module @m { function @main(%x0: f32[\(size)]) -> (y: f32[1]) {\n"
        + doublings.joined(separator: "\n") + "\nreturn %x0 } }"
      let error = try #require(throws: ParseError.self) { try Module(parsing: text) }
      #expect(error.message == "concatenate: the size of axis 0 is out of range")
    }
  }
}
