import Foundation

/// How text becomes token numbers, and back.
public struct TextEncoding: Codable, Hashable, Sendable {
  /// What one token is.
  public enum Unit: String, Codable, Hashable, Sendable {
    /// A character (Unicode scalar after NFC).
    case character
    /// What stands between white space.
    case word
  }

  /// What one token is.
  public let unit: Unit
  /// The tokens by number.
  public let vocabulary: [String]
  /// The number of every token that is not in the vocabulary.
  public let unknown: Int
  /// Whether text is lower-cased first.
  public let isLowercased: Bool

  /// Creates an encoding.
  ///
  /// - Parameters:
  ///   - vocabulary: the tokens by number; entries such as `<pad>` match no text of one character.
  ///   - unknown: the number that stands for all others.
  public init(
    unit: Unit, vocabulary: [String], unknown: Int, isLowercased: Bool = false
  ) {
    self.unit = unit
    self.vocabulary = vocabulary
    self.unknown = unknown
    self.isLowercased = isLowercased
  }

  /// The pieces of a text that become tokens, normalised (NFC, lower case if asked for).
  public func pieces(of text: String) -> [String] {
    var text = text
    if isLowercased { text = text.lowercased() }
    text = text.precomposedStringWithCanonicalMapping
    switch unit {
    case .character: return text.unicodeScalars.map { String($0) }
    case .word: return text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
  }

  /// A table from token to number; made once for many texts.
  public func encoder() -> TextEncoder { TextEncoder(self) }
}

/// An encoding with its table.
public struct TextEncoder: Sendable {
  private let encoding: TextEncoding
  private let numbers: [String: Int32]

  init(_ encoding: TextEncoding) {
    self.encoding = encoding
    // Keys are compared by their scalars' normal form; the vocabulary's first entry wins.
    numbers = Dictionary(
      encoding.vocabulary.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { a, _ in a })
  }

  /// The numbers of a text's tokens.
  public func encode(_ text: String) -> [Int32] {
    encoding.pieces(of: text).map { numbers[$0] ?? Int32(encoding.unknown) }
  }
}
