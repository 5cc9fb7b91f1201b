import Foundation

/// An encoding with its tables.
public struct TextEncoder: Sendable {
  private enum Table: Sendable {
    case characters([UInt32: Int32])
    case words(ByteStringTable, numbers: [Int32])
    case bytePairs(BytePairTable)
    case wordPieces(WordPieceTable, WordPieceNormalizer)
  }

  /// The encoding.
  public let encoding: TextEncoding
  private let table: Table
  private let template: SequenceTemplate
  /// Added tokens in text as it comes, and in text that is normalised.
  private let added: (raw: AddedTokenMatcher, normalized: AddedTokenMatcher)
  private let unknown: Int32?
  /// The numbers of the tokens that are no text: padding, beginning, end, and special ones.
  private let silent: Set<Int32>

  init(_ encoding: TextEncoding) {
    self.encoding = encoding
    template = encoding.template ?? .plain
    unknown = encoding.unknown.map { Int32(clamping: $0) }
    added = (
      AddedTokenMatcher(
        encoding.added.filter { !$0.isNormalized }.map { (Array($0.text.utf8), $0.number) }),
      AddedTokenMatcher(
        encoding.added.filter(\.isNormalized).map {
          (Array(encoding.normalized($0.text).utf8), $0.number)
        })
    )
    let padding = encoding.vocabulary.firstIndex(of: Vocabulary.padding)
    let special = encoding.added.filter(\.isSpecial).map(\.number)
    silent = Set(
      ([padding, encoding.begin, encoding.end] + special)
        .compactMap { $0.map(Int32.init(clamping:)) })
    switch encoding.unit {
    case .character:
      var numbers: [UInt32: Int32] = [:]
      for (number, entry) in Self.normalEntries(encoding) {
        guard let scalar = entry.unicodeScalars.first, entry.unicodeScalars.count == 1,
          numbers[scalar.value] == nil
        else { continue }
        numbers[scalar.value] = Int32(clamping: number)
      }
      table = .characters(numbers)
    case .word:
      var words = ByteStringTable()
      var numbers: [Int32] = []
      for (number, entry) in Self.normalEntries(encoding) {
        let index = entry.withUTF8Bytes { words.insert($0) }
        if index == numbers.count { numbers.append(Int32(clamping: number)) }
      }
      table = .words(words, numbers: numbers)
    case .bytePair: table = .bytePairs(BytePairTable(encoding))
    case .wordPiece:
      let rules = encoding.wordPieces ?? WordPieceRules()
      table = .wordPieces(
        WordPieceTable(encoding, rules),
        WordPieceNormalizer(rules: rules, isLowercased: encoding.isLowercased))
    }
  }

  /// The vocabulary in the normal form that text is brought to; of equal entries the first counts.
  private static func normalEntries(
    _ encoding: TextEncoding
  ) -> some Sequence<(offset: Int, element: String)> {
    encoding.vocabulary.lazy.map(\.precomposedStringWithCanonicalMapping).enumerated()
  }

  // MARK: - Encoding

  /// The numbers of a text's tokens, with those of the template.
  public func encode(_ text: String) -> [Int32] {
    let tokens = ownTokens(of: text)
    if encoding.template == nil, tokens.count <= encoding.maximumLength ?? .max { return tokens }
    return template.apply(to: tokens, limit: encoding.maximumLength).tokens
  }

  /// Two texts as one sequence.
  public func encode(_ first: String, _ second: String) -> EncodedText {
    template.apply(
      to: ownTokens(of: first), ownTokens(of: second), limit: encoding.maximumLength)
  }

  /// Words as one sequence, and for each word that is not cut off the place of its first token.
  public func encode(words: [String]) -> (tokens: [Int32], places: [Int]) {
    var tokens: [Int32] = []
    var places: [Int] = []
    for word in words {
      places.append(tokens.count)
      if encoding.unit == .wordPiece {
        let pieces = ownTokens(of: word)
        tokens += pieces.isEmpty ? [unknown ?? 0] : pieces
      } else {
        tokens.append(number(of: word))
      }
    }
    let whole = template.apply(to: tokens, limit: encoding.maximumLength)
    return (
      whole.tokens, places.prefix { $0 < whole.firstCount }.map { $0 + whole.start }
    )
  }

  /// The number of a text that is one token, such as a word in a labelled sequence.
  public func number(of token: String) -> Int32 {
    let tokens = ownTokens(of: token)
    return tokens.count == 1 ? tokens[0] : unknown ?? tokens.first ?? 0
  }

  /// The tokens of a text without those of the template.
  private func ownTokens(of text: String) -> [Int32] {
    var tokens: [Int32] = []
    text.withUTF8Bytes { bytes in
      added.raw.forEachPart(in: bytes) { part in
        switch part {
        case .token(let number): tokens.append(number)
        case .text(let text): withNormalForm(of: text) { appendNormal($0, to: &tokens) }
        }
      }
    }
    return tokens
  }

  private func withNormalForm(
    of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    if case .wordPieces(_, let normalizer) = table {
      var form: [UInt8] = []
      normalizer.normalize(text, into: &form)
      form.withUnsafeBufferPointer(body)
    } else if encoding.unit == .bytePair, !encoding.isLowercased {
      body(text)
    } else {
      encoding.normalized(String(decoding: text, as: UTF8.self)).withUTF8Bytes(body)
    }
  }

  private func appendNormal(_ text: UnsafeBufferPointer<UInt8>, to tokens: inout [Int32]) {
    added.normalized.forEachPart(in: text) { part in
      switch part {
      case .token(let number): tokens.append(number)
      case .text(let text): appendUnits(of: text, to: &tokens)
      }
    }
  }

  private func appendUnits(of text: UnsafeBufferPointer<UInt8>, to tokens: inout [Int32]) {
    switch table {
    case .characters(let numbers):
      let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
      tokens.append(contentsOf: scalars.lazy.map { numbers[$0.value] ?? unknown ?? 0 })
    case .words(let words, let numbers):
      forEachWord(in: text) { word in
        tokens.append(words.index(of: word).map { numbers[$0] } ?? unknown ?? 0)
      }
    case .bytePairs(let pairs):
      guard encoding.beginsWithSpace, text.first != UInt8(ascii: " ") else {
        return pairs.encode(text, into: &tokens)
      }
      ([UInt8(ascii: " ")] + text).withUnsafeBufferPointer { pairs.encode($0, into: &tokens) }
    case .wordPieces(let pieces, _): pieces.encode(text, into: &tokens)
    }
  }

  // MARK: - Decoding

  /// The text of tokens; an unknown one is U+FFFD, padding and the marks of begin and end are nothing.
  public func decode(_ tokens: some Sequence<Int32>) -> String {
    var text: [UInt8] = []
    let isSpaced = encoding.unit == .word || encoding.unit == .wordPiece
    for token in tokens where !silent.contains(token) {
      let (bytes, isContinued) = piece(token)
      if isSpaced, !isContinued, !text.isEmpty { text.append(UInt8(ascii: " ")) }
      text += bytes
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The UTF-8 of one token, which for byte pairs may be a part of a character.
  public func bytes(of token: Int32) -> [UInt8] {
    silent.contains(token) ? [] : piece(token).bytes
  }

  /// The UTF-8 of a token that is text, and whether it goes on in a word.
  private func piece(_ token: Int32) -> (bytes: [UInt8], isContinued: Bool) {
    guard token != unknown, encoding.vocabulary.indices.contains(Int(token)) else {
      return (Array("\u{fffd}".utf8), false)
    }
    let text = Array(encoding.vocabulary[Int(token)].utf8)
    if encoding.unit == .bytePair {
      return (ByteAlphabet.bytes(encoding.vocabulary[Int(token)]) ?? text, false)
    }
    let mark = Array((encoding.wordPieces?.continuation ?? "").utf8)
    guard !mark.isEmpty, text.starts(with: mark) else { return (text, false) }
    return (Array(text.dropFirst(mark.count)), true)
  }
}
