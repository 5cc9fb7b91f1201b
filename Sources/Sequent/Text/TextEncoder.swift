import Foundation

/// An encoding with its tables.
public struct TextEncoder: Sendable {
  private enum Table: Sendable {
    case characters([UInt32: Int32])
    case words(ByteStringTable, numbers: [Int32])
    case bytePairs(BytePairTable)
  }

  /// The encoding.
  public let encoding: TextEncoding
  private let table: Table
  private let unknown: Int32
  /// The numbers of the tokens that are no text: padding, beginning and end.
  private let silent: Set<Int32>

  init(_ encoding: TextEncoding) {
    self.encoding = encoding
    unknown = Int32(clamping: encoding.unknown)
    let padding = encoding.vocabulary.firstIndex(of: Vocabulary.padding)
    silent = Set(
      [padding, encoding.begin, encoding.end].compactMap { $0.map(Int32.init(clamping:)) })
    // Of equal entries the vocabulary's first wins, in the normal form that text is brought to.
    let entries = encoding.vocabulary.lazy.map(\.precomposedStringWithCanonicalMapping).enumerated()
    switch encoding.unit {
    case .character:
      var numbers: [UInt32: Int32] = [:]
      for (number, entry) in entries {
        guard let scalar = entry.unicodeScalars.first, entry.unicodeScalars.count == 1,
          numbers[scalar.value] == nil
        else { continue }
        numbers[scalar.value] = Int32(clamping: number)
      }
      table = .characters(numbers)
    case .word:
      var words = ByteStringTable()
      var numbers: [Int32] = []
      for (number, entry) in entries {
        let index = entry.withUTF8Bytes { words.insert($0) }
        if index == numbers.count { numbers.append(Int32(clamping: number)) }
      }
      table = .words(words, numbers: numbers)
    case .bytePair: table = .bytePairs(BytePairTable(encoding))
    }
  }

  /// The numbers of a text's tokens.
  public func encode(_ text: String) -> [Int32] {
    let text = encoding.normalized(text)
    switch table {
    case .characters(let numbers):
      return text.unicodeScalars.map { numbers[$0.value] ?? unknown }
    case .words(let words, let numbers):
      var tokens: [Int32] = []
      text.withUTF8Bytes { bytes in
        forEachWord(in: bytes) { word in
          tokens.append(words.index(of: word).map { numbers[$0] } ?? unknown)
        }
      }
      return tokens
    case .bytePairs(let pairs):
      var tokens: [Int32] = []
      var scratch = BytePairTable.Scratch()
      text.withUTF8Bytes { bytes in
        forEachPiece(in: bytes) { pairs.encode($0, &scratch, into: &tokens) }
      }
      return tokens
    }
  }

  /// The number of a text that is one token, such as a word in a labelled sequence.
  public func number(of token: String) -> Int32 {
    let tokens = encode(token)
    return tokens.count == 1 ? tokens[0] : unknown
  }

  /// The text of tokens; an unknown one is U+FFFD, padding and the marks of begin and end are nothing.
  public func decode(_ tokens: some Sequence<Int32>) -> String {
    let separator = encoding.unit == .word ? [UInt8(ascii: " ")] : []
    let pieces = tokens.lazy.filter { !silent.contains($0) }.map(bytes(of:))
    return String(decoding: Array(pieces.joined(separator: separator)), as: UTF8.self)
  }

  /// The UTF-8 of one token, which for byte pairs may be a part of a character.
  public func bytes(of token: Int32) -> [UInt8] {
    guard !silent.contains(token) else { return [] }
    guard token != unknown, encoding.vocabulary.indices.contains(Int(token)) else {
      return Array("\u{fffd}".utf8)
    }
    let text = encoding.vocabulary[Int(token)]
    guard encoding.unit == .bytePair else { return Array(text.utf8) }
    return ByteAlphabet.bytes(text) ?? Array(text.utf8)
  }
}
