import Testing

@testable import Sequent

@Suite struct TextStreamTests {
  /// Byte pairs without any merge: a token is a byte.
  private static let bytes = TextEncoding(
    unit: .bytePair,
    vocabulary: ["<unk>"] + (UInt8.min...UInt8.max).map { ByteAlphabet.text([$0]) }, unknown: 0,
    merges: [])

  /// The pieces that bytes come out in.
  private static func pieces(_ text: [UInt8], stops: [String] = []) -> [String] {
    var stream = TextStream(bytes.encoder(), after: "", stops: stops)
    let pieces = text.map { stream.append(Int32($0) + 1) }
    return pieces + [stream.finish()]
  }

  @Test func charactersComeWhole() {
    #expect(Self.pieces(Array("aé€😀".utf8)) == ["a", "", "é", "", "", "€", "", "", "", "😀", ""])
  }

  @Test(
    arguments: [
      [0xff, 0x41], [0xe0, 0x80, 0x80], [0xf0, 0x9f], [0xc3], [0x80, 0x80, 0x80, 0x80],
      [0xe2, 0x82, 0x41], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0xaf, 0xc3, 0xa9],
    ] as [[UInt8]])
  func brokenBytesComeAsAtOnce(_ bytes: [UInt8]) {
    #expect(Self.pieces(bytes).joined() == String(decoding: bytes, as: UTF8.self))
  }

  @Test func anyBytesComeAsAtOnce() {
    var generator = CounterGenerator(seed: 9, stream: "bytes")
    let some: [UInt8] = [0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff]
    for _ in 0..<2000 {
      let bytes = (0..<8).map { _ in some[Int(generator.next() % UInt64(some.count))] }
      #expect(Self.pieces(bytes).joined() == String(decoding: bytes, as: UTF8.self), "\(bytes)")
    }
  }

  @Test func textEndsBeforeTheFirstStop() {
    #expect(Self.pieces(Array("one. two".utf8), stops: [". "]).joined() == "one")
    #expect(Self.pieces(Array("abcd".utf8), stops: ["abcx", "bc"]).joined() == "a")
    #expect(Self.pieces(Array("abcd".utf8), stops: ["c", "abc"]).joined() == "")
    #expect(Self.pieces(Array("aab".utf8), stops: ["ab"]).joined() == "a")
    #expect(Self.pieces(Array("naïve".utf8), stops: ["ïv"]).joined() == "na")
    #expect(Self.pieces(Array("never".utf8), stops: ["verb", ""]).joined() == "never")
  }

  @Test func whatMayBeAStopIsHeldBack() {
    #expect(Self.pieces(Array("a. b".utf8), stops: [". ."]) == ["a", "", "", ". b", ""])
  }

  @Test func wordsAreSetApart() {
    let words = TextEncoding(
      unit: .word, vocabulary: ["<unk>", "the", "end", "</s>"], unknown: 0, end: 3)
    let text = { (prompt: String) in
      var stream = TextStream(words.encoder(), after: prompt, stops: [])
      return [1, 3, 2].map { stream.append($0) }.joined() + stream.finish()
    }
    #expect(text("at") == " the end")
    #expect(text("at ") == "the end")
    #expect(text("") == "the end")
  }
}
