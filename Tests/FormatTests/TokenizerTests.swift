import Foundation
import Testing

@testable import Sequent

/// Tokenizers out of the files of Hugging Face give the ids that its `tokenizers` gives.
@Suite struct TokenizerTests {
  private struct Expected: Decodable {
    struct Result: Decodable {
      let ids: [[Int32]]
      let pairs: [[[Int32]]]
    }
    let texts: [String]
    let results: [String: Result]

    init() throws {
      let data = try Data(contentsOf: URL(filePath: fixture("tokenizers/expected.json")))
      self = try JSONDecoder().decode(Self.self, from: data)
    }
  }

  private func encoding(_ folder: String) throws -> TextEncoding {
    try #require(try TextEncoding.pretrained(in: fixture("tokenizers/\(folder)")))
  }

  @Test(arguments: [
    ("bert", "bert"), ("bert-text", "bert"), ("bert-cased", "bert-cased"), ("gpt2", "gpt2"),
    ("gpt2-text", "gpt2"), ("gpt2-spaced", "gpt2-spaced"),
  ])
  func hardTextsHaveTheSameNumbers(folder: String, result: String) throws {
    let expected = try Expected()
    let numbers = try #require(expected.results[result])
    // Out of an artifact too.
    let task = try ModelTask.languageModel(text: encoding(folder)).json()
    let encoder = try ModelTask(json: task).text.encoder()
    for (text, ids) in zip(expected.texts, numbers.ids) {
      #expect(encoder.encode(text) == ids, "\(text.debugDescription)")
    }
    for (texts, pair) in zip(zip(expected.texts, expected.texts.dropFirst()), numbers.pairs) {
      let encoded = encoder.encode(texts.0, texts.1)
      #expect([encoded.tokens, encoded.segments] == pair, "\(texts)")
    }
  }

  @Test func bytesThatAreNotTextAreReplaced() throws {
    let encoder = try encoding("gpt2").encoder()
    let bytes: [UInt8] = [0x61, 0xff, 0xe2, 0x82, 0x62, 0xc0, 0x80]
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(encoder.decode(encoder.encode(text)) == "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}")
  }

  @Test func decodingPutsWordsTogether() throws {
    let words = try encoding("bert").encoder()
    let tokens = words.encode("Unaffordable [MASK] runners")
    #expect(tokens.count > 5)
    #expect(words.decode(tokens) == "unaffordable runners")
    let bytes = try encoding("gpt2").encoder()
    #expect(bytes.decode(bytes.encode("a\u{301} 漢<|endoftext|>!\r\n")) == "a\u{301} 漢!\r\n")
  }

  @Test func wordsAreFoundAgainAmongTheirPieces() throws {
    let encoder = try encoding("bert").encoder()
    let (tokens, places) = encoder.encode(words: ["unaffordable", "\u{200b}", "runner"])
    #expect(tokens == encoder.encode("unaffordable [UNK] runner"))
    #expect(places.count == 3 && places[0] == 1 && places[2] == places[1] + 1)
    let short = try encoding("bert-cased").encoder()
    let many = short.encode(words: Array(repeating: "unaffordable", count: 40))
    #expect(many.tokens.count == 32)
    #expect(!many.places.isEmpty && many.places.count < 31 && many.places.allSatisfy { $0 < 31 })
  }

  // MARK: - Files that are wrong

  private func changed(
    _ folder: String, _ change: (String) -> String
  ) throws -> String {
    let path = try fixture("tokenizers/\(folder)/tokenizer.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let changed = change(text)
    #expect(changed != text)
    let contents = FileContents(bytes: Array(changed.utf8), name: "t/tokenizer.json")
    return message { _ = try TokenizerFile.encoding(contents) }
  }

  @Test(arguments: [
    (#""type":"WordPiece","unk"#, #""type":"Unigram","unk"#, #"model.type: "Unigram" is not"#),
    (#"{"type":"BertNormalizer""#, #"{"type":"NFKC""#, #"normalizer: {"type":"NFKC""#),
    (#"{"type":"BertPreTokenizer"}"#, #"{"type":"Whitespace"}"#, "BertPreTokenizer is"),
    (#""type":"TemplateProcessing""#, #""type":"Roberta""#, "post_processor: "),
    (#""lstrip":false"#, #""lstrip":true"#, "added_tokens.0.lstrip: true is not supported"),
    (#""[PAD]":0,"#, #""[PAD]":0,"[PAD]":9,"#, "there twice"),
    (#""[PAD]":0,"#, #""[PAD]":1,"#, "'[PAD]' and '[UNK]' are both token 1"),
    (#""[PAD]":0,"#, #""[PAD]":1000000000,"#, "expected a whole number from 0 to"),
    (#""[PAD]":0,"#, #""[PADDING]":0,"#, "'[PAD]' is token 0, which is '[PADDING]'"),
    (#""unk_token":"[UNK]""#, #""unk_token":"<u>""#, "no '<u>', which is model.unk_token"),
    (#""vocab":{"#, #""vocap":{"#, "model: there is no 'vocab' in it"),
  ])
  func whatIsNotSupportedIsNamed(_ old: String, _ new: String, _ reason: String) throws {
    let error = try changed("bert") { $0.replacing(old, with: new, maxReplacements: 1) }
    #expect(error.hasPrefix("t/tokenizer.json: ") && error.contains(reason), "\(error)")
  }

  @Test(arguments: [
    (#""ignore_merges":false"#, #""ignore_merges":true"#, "model.ignore_merges: true is not"),
    (#""use_regex":true"#, #""use_regex":false"#, "use_regex"),
    (#""normalizer":null"#, #""normalizer":{"type":"NFC"}"#, "normalizer: "),
    (#"["is","est"]"#, #"["is","is"]"#, "merge "),
    (#"["is","est"]"#, #"["Ġr","an"]"#, "'Ġr an', is there twice"),
    (#"["is","est"]"#, #"["is"]"#, "expected a pair"),
    (#""!":0,"#, "", "no token for the byte 33"),
  ])
  func bytePairsThatAreNotSupportedAreNamed(
    _ old: String, _ new: String, _ reason: String
  ) throws {
    let error = try changed("gpt2") { $0.replacing(old, with: new, maxReplacements: 1) }
    #expect(error.hasPrefix("t/tokenizer.json: ") && error.contains(reason), "\(error)")
  }

  @Test func repeatedLinesOfAVocabularyAreNamed() throws {
    try withTemporaryFolder { folder in
      try "[UNK]\n[CLS]\n[SEP]\na\n\na\n".write(
        toFile: "\(folder)/vocab.txt", atomically: true, encoding: .utf8)
      #expect(
        message { _ = try TextEncoding.pretrained(in: folder) }
          == "\(folder)/vocab.txt: line 6: 'a' is already token 3")
    }
  }

  @Test func mergesAreNotOptional() throws {
    try withTemporaryFolder { folder in
      try "{}".write(toFile: "\(folder)/vocab.json", atomically: true, encoding: .utf8)
      #expect(
        message { _ = try TextEncoding.pretrained(in: folder) }
          .hasPrefix("\(folder)/merges.txt: not there"))
    }
  }
}
