import Foundation
import TestSupport
import Testing

@testable import Sequent

@Suite struct BytePairTests {
  private func trained(_ text: String, size: Int) throws -> TextEncoding {
    var builder = VocabularyBuilder(unit: .bytePair)
    builder.add(text)
    return try builder.encoding(maximumSize: size)
  }

  private func pieces(_ text: String) -> [String] {
    var pieces: [String] = []
    text.withUTF8Bytes { bytes in
      forEachPiece(in: bytes) { pieces.append(String(decoding: $0, as: UTF8.self)) }
    }
    return pieces
  }

  @Test func piecesAreThoseOfTheUsualPattern() {
    #expect(
      pieces("Hello, it's 2 days'ago") == ["Hello", ",", " it", "'s", " 2", " days", "'", "ago"])
    #expect(
      pieces("we'll they've I'd 'x'") == ["we", "'ll", " they", "'ve", " I", "'d", " '", "x", "'"])
    #expect(pieces("a  b\n\n c\t") == ["a", " ", " b", "\n\n", " c", "\t"])
    #expect(pieces(" \n x") == [" \n", " x"])
    #expect(pieces("a\n\nb  ") == ["a", "\n", "\n", "b", "  "])
    #expect(pieces("naïve Ñandú—日本語12") == ["naïve", " Ñandú", "—", "日本語", "12"])
    #expect(pieces("") == [])
  }

  /// By hand: `aa` (5 in 2 words) first, then `aaa` ...
  @Test func mergesTheMostFrequentPairFirst() throws {
    // Pieces: "ab" 1, " ab" 2, " abc" 1, " bc" 3. Pairs: ab 4, bc 4, _a 3, _b 3; of ab and bc the
    // smaller, ab. Then bc 3, _b 3, _ab 3: tokens by byte, the space is smallest: _ with b.
    let encoding = try trained("ab ab ab abc bc bc bc", size: 2 + 256 + 3)
    #expect(encoding.merges == ["a b", "Ġ b", "Ġ ab"])
    #expect(encoding.vocabulary.suffix(3) == ["ab", "Ġb", "Ġab"])
    let encoder = encoding.encoder()
    let number = { Int32(encoding.vocabulary.firstIndex(of: $0) ?? -1) }
    #expect(encoder.encode("ab abc bc") == ["ab", "Ġab", "c", "Ġb", "c"].map(number))
  }

  /// Encoding one merge at a time over the whole piece is the definition; the table is quicker.
  @Test func encodesAsMergingInOrderDoes() throws {
    var random = SplitMix(seed: 7)
    let letters = ["a", "b", "c", " ", "é", "'"]
    let text = (0..<4000).map { _ in random.pick(letters) ?? "" }.joined()
    let encoding = try trained(text, size: 330)
    let merges = try #require(encoding.merges)
    #expect(merges.count > 40)
    let encoder = encoding.encoder()
    for _ in 0..<200 {
      let word = (0..<random.integer(1...30)).map { _ in random.pick(letters) ?? "" }.joined()
      let expected = pieces(word).flatMap { piece -> [String] in
        var tokens = piece.utf8.map { ByteAlphabet.text([$0]) }
        for merge in merges {
          let pair = merge.split(separator: " ").map(String.init)
          var position = 0
          while position + 1 < tokens.count {
            if tokens[position] == pair[0], tokens[position + 1] == pair[1] {
              tokens.replaceSubrange(position...position + 1, with: [pair[0] + pair[1]])
            }
            position += 1
          }
        }
        return tokens
      }
      #expect(encoder.encode(word).map { encoding.vocabulary[Int($0)] } == expected)
    }
  }

  @Test func decodingIsTheInverseOnAnyText() throws {
    let encoding = try trained(
      String(repeating: "the cat sat on the mat; że éa\u{301} 漢字 ", count: 20), size: 400)
    let again = try ModelTask(json: ModelTask.languageModel(text: encoding).json()).text
    #expect(again == encoding)
    let encoder = again.encoder()
    var random = SplitMix(seed: 3)
    for _ in 0..<500 {
      var text = ""
      for _ in 0..<random.integer(0...40) {
        let limit = [0x7f, 0x7ff, 0xffff, 0x10ffff][random.integer(0...3)]
        if let scalar = Unicode.Scalar(UInt32(random.integer(0...limit))) {
          text.unicodeScalars.append(scalar)
        }
        if random.chance(0.3) { text += random.pick([" ", "\r\n", "e\u{301}", "the"]) ?? "" }
      }
      // Compared by bytes: `==` would not tell composed from decomposed.
      #expect(Array(encoder.decode(encoder.encode(text)).utf8) == Array(text.utf8))
      #expect(encoder.encode(text).flatMap(encoder.bytes(of:)) == Array(text.utf8))
    }
  }

  @Test func trainingDoesNotDependOnTheOrderOfTexts() throws {
    var random = SplitMix(seed: 5)
    var texts = (0..<300).map { _ in
      (0..<20).map { _ in random.pick(["ab", "ba", "abba", " ", "é"]) ?? "" }.joined()
    }
    var encodings: [TextEncoding] = []
    for _ in 0..<2 {
      var builder = VocabularyBuilder(unit: .bytePair)
      for text in texts { builder.add(text) }
      encodings.append(try builder.encoding(maximumSize: 300))
      texts.reverse()
    }
    #expect(encodings[0] == encodings[1])
  }

  @Test func aVeryLongWordIsEncodedInGoodTime() throws {
    var random = SplitMix(seed: 9)
    let text = String((0..<50_000).map { _ in random.pick("abcd") ?? "a" })
    let encoder = try trained(text, size: 600).encoder()
    #expect(encoder.decode(encoder.encode(text)) == text)
  }

  @Test func refusesMergesThatAreNoPairs() throws {
    let encoding = try trained("aa aa", size: 259)
    for merge in ["a", "a b c", "a zz", "a  b", ""] {
      let bad = TextEncoding(
        unit: .bytePair, vocabulary: encoding.vocabulary, unknown: 1, merges: [merge])
      let json = try ModelTask.languageModel(text: bad).json()
      #expect(throws: DecodingError.self) { try ModelTask(json: json) }
      #expect(bad.encoder().decode(bad.encoder().encode("aab")) == "aab")
    }
  }
}
