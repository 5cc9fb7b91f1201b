import Foundation

/// How text becomes token numbers, and back.
public struct TextEncoding: Hashable, Sendable {
  /// What one token is.
  public enum Unit: String, Codable, Hashable, Sendable, CaseIterable {
    /// A character (Unicode scalar after NFC).
    case character
    /// What stands between white space, after NFC.
    case word
    /// A run of UTF-8 bytes: single bytes, and the pairs that `merges` makes of them in turn.
    case bytePair
    /// The longest pieces of a word that are in the vocabulary, after `wordPieces`.
    case wordPiece

    /// The units that vocabularies are made in; word pieces come with a checkpoint.
    public static let allCases: [Unit] = [.character, .word, .bytePair]
  }

  /// What one token is.
  public let unit: Unit
  /// The tokens by number; those of byte pairs in the byte alphabet (a space is `Ġ`).
  ///
  /// An empty one is none: its number is never given.
  public internal(set) var vocabulary: [String]
  /// The number of every token that is not in the vocabulary; nil when everything is, as bytes are.
  public let unknown: Int?
  /// Whether text is lower-cased first.
  public let isLowercased: Bool
  /// The pairs that byte pair encoding merges, the first first, each as `left right`; nil for other units.
  public let merges: [String]?
  /// The number of the token before the first of a sequence, if the model has one.
  public let begin: Int?
  /// The number of the token after the last of a sequence, if the model has one.
  public internal(set) var end: Int?
  /// How text is brought to the form of word pieces; nil for other units.
  public let wordPieces: WordPieceRules?
  /// Whether byte pairs see a space before text that begins with none.
  public let beginsWithSpace: Bool
  /// Texts that are one token wherever they stand.
  public let added: [AddedToken]
  /// What stands around a text; nothing when nil.
  public let template: SequenceTemplate?
  /// How many tokens a text has at most, those of the template included: the rest is cut off.
  public internal(set) var maximumLength: Int?

  /// Creates an encoding.
  ///
  /// - Parameters:
  ///   - vocabulary: the tokens by number; entries such as `<pad>` match no text of one character.
  ///   - unknown: the number that stands for all others.
  public init(
    unit: Unit, vocabulary: [String], unknown: Int?, isLowercased: Bool = false,
    merges: [String]? = nil, begin: Int? = nil, end: Int? = nil,
    wordPieces: WordPieceRules? = nil, beginsWithSpace: Bool = false, added: [AddedToken] = [],
    template: SequenceTemplate? = nil, maximumLength: Int? = nil
  ) {
    self.unit = unit
    self.vocabulary = vocabulary
    self.unknown = unknown
    self.isLowercased = isLowercased
    self.merges = merges
    self.begin = begin
    self.end = end
    self.wordPieces = unit == .wordPiece ? wordPieces ?? WordPieceRules() : nil
    self.beginsWithSpace = beginsWithSpace
    self.added = added
    self.template = template
    self.maximumLength = maximumLength
  }

  /// The text as its tokens spell it: lower case if asked for, and NFC, or by the rules of word pieces.
  ///
  /// Byte pairs keep every byte: what they encode is decoded to the same bytes.
  public func normalized(_ text: String) -> String {
    if let wordPieces {
      let normalizer = WordPieceNormalizer(rules: wordPieces, isLowercased: isLowercased)
      var form: [UInt8] = []
      text.withUTF8Bytes { normalizer.normalize($0, into: &form) }
      return String(decoding: form, as: UTF8.self)
    }
    let text = isLowercased ? text.lowercased() : text
    if unit == .bytePair || text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return text.precomposedStringWithCanonicalMapping
  }

  /// A table from token to number; made once for many texts.
  public func encoder() -> TextEncoder { TextEncoder(self) }
}
