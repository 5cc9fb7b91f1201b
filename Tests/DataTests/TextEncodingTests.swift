import Foundation
import Testing

@testable import Sequent

@Suite struct TextEncodingTests {
  @Test func charactersAreScalarsInNormalForm() throws {
    let encoding = TextEncoding(
      unit: .character, vocabulary: ["<pad>", "<unk>", "e\u{301}", "a", "é"], unknown: 1,
      isLowercased: true)
    let encoder = encoding.encoder()
    #expect(encoder.encode("Ée\u{301}a?") == [2, 2, 3, 1])
    #expect(encoder.encode("") == [])
    #expect(encoder.decode([0, 3, 2, 1, 99, -4]) == "ae\u{301}\u{fffd}\u{fffd}\u{fffd}")
  }

  @Test func wordsStandBetweenWhiteSpaceOfAnyKind() {
    let encoder = TextEncoding(
      unit: .word, vocabulary: ["<pad>", "<unk>", "one", "zwei", "<s>", "</s>"], unknown: 1,
      begin: 4, end: 5
    ).encoder()
    #expect(encoder.encode("  one\tzwei\u{2003}ONE\r\none\u{a0}") == [2, 3, 1, 2])
    #expect(encoder.decode([4, 2, 3, 1, 5, 0]) == "one zwei \u{fffd}")
    #expect(encoder.number(of: "zwei") == 3)
    #expect(encoder.number(of: "one zwei") == 1)
  }

  @Test func olderTasksAreStillRead() throws {
    let json =
      #"{"kind":"classify","labels":["a"],"text":{"isLowercased":true,"unit":"word","unknown":0,"vocabulary":["x"]}}"#
    let task = try ModelTask(json: json)
    #expect(task.text.merges == nil && task.text.begin == nil && task.text.end == nil)
    #expect(try task.json() == json)
  }

  @Test(arguments: [
    (#""unknown":1,"unit":"word","vocabulary":["x"]"#, "token 1 of a vocabulary of 1"),
    (#""unknown":0,"unit":"word","vocabulary":["x"],"end":-1"#, "token -1 of a vocabulary of 1"),
    (#""unknown":0,"unit":"bytePair","vocabulary":["x"]"#, "byte pairs have no merges"),
    (#""unknown":0,"unit":"bytePair","merges":[],"vocabulary":["x"]"#, "no token for the byte 0"),
  ])
  func refusesEncodingsThatCannotBe(_ fields: String, _ reason: String) {
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(
        TextEncoding.self, from: Data("{\"isLowercased\":false,\(fields)}".utf8))
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains(reason))
  }

  @Test func vocabularyIsByCountThenScalars() throws {
    var builder = VocabularyBuilder(unit: .word)
    builder.add("b a c a b d é z <unk>")
    let all = try builder.encoding()
    #expect(all.vocabulary == ["<pad>", "<unk>", "a", "b", "c", "d", "z", "é"])
    let few = try builder.encoding(minimumCount: 2, marksBegin: true, marksEnd: true)
    #expect(few.vocabulary == ["<pad>", "<unk>", "<s>", "</s>", "a", "b"])
    #expect(few.begin == 2 && few.end == 3 && few.unknown == 1)
    #expect(try builder.encoding(maximumSize: 3, marksEnd: true).end == 2)
    #expect(try builder.encoding(maximumSize: 4).vocabulary.count == 4)
    #expect(throws: VocabularyError.self) { try builder.encoding(maximumSize: 1) }
    var characters = VocabularyBuilder(unit: .character, isLowercased: true)
    characters.add("Aab\u{65}\u{301}")
    #expect(try characters.encoding().vocabulary == ["<pad>", "<unk>", "a", "b", "é"])
  }
}
