import Foundation

/// How text becomes token numbers, and back.
public struct TextEncoding: Codable, Hashable, Sendable {
  /// What one token is.
  public enum Unit: String, Codable, Hashable, Sendable, CaseIterable {
    /// A character (Unicode scalar after NFC).
    case character
    /// What stands between white space, after NFC.
    case word
    /// A run of UTF-8 bytes: single bytes, and the pairs that `merges` makes of them in turn.
    case bytePair
  }

  /// What one token is.
  public let unit: Unit
  /// The tokens by number; those of byte pairs in the byte alphabet (a space is `Ġ`).
  public let vocabulary: [String]
  /// The number of every token that is not in the vocabulary.
  public let unknown: Int
  /// Whether text is lower-cased first.
  public let isLowercased: Bool
  /// The pairs that byte pair encoding merges, the first first, each as `left right`; nil for other units.
  public let merges: [String]?
  /// The number of the token before the first of a sequence, if the model has one.
  public let begin: Int?
  /// The number of the token after the last of a sequence, if the model has one.
  public let end: Int?

  /// Creates an encoding.
  ///
  /// - Parameters:
  ///   - vocabulary: the tokens by number; entries such as `<pad>` match no text of one character.
  ///   - unknown: the number that stands for all others.
  public init(
    unit: Unit, vocabulary: [String], unknown: Int, isLowercased: Bool = false,
    merges: [String]? = nil, begin: Int? = nil, end: Int? = nil
  ) {
    self.unit = unit
    self.vocabulary = vocabulary
    self.unknown = unknown
    self.isLowercased = isLowercased
    self.merges = merges
    self.begin = begin
    self.end = end
  }

  /// Decodes an encoding, and checks what a file can have wrong.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    unit = try container.decode(Unit.self, forKey: .unit)
    vocabulary = try container.decode([String].self, forKey: .vocabulary)
    unknown = try container.decode(Int.self, forKey: .unknown)
    isLowercased = try container.decode(Bool.self, forKey: .isLowercased)
    merges = try container.decodeIfPresent([String].self, forKey: .merges)
    begin = try container.decodeIfPresent(Int.self, forKey: .begin)
    end = try container.decodeIfPresent(Int.self, forKey: .end)
    for (key, number) in [(CodingKeys.unknown, unknown), (.begin, begin), (.end, end)] {
      guard let number, !(0..<max(vocabulary.count, 1)).contains(number) else { continue }
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container,
        debugDescription: "token \(number) of a vocabulary of \(vocabulary.count)")
    }
    if unit == .bytePair, let problem = BytePairTable.problem(self) {
      throw DecodingError.dataCorruptedError(
        forKey: .merges, in: container, debugDescription: problem)
    }
  }

  /// The text as its tokens spell it: lower case if asked for, and NFC.
  ///
  /// Byte pairs keep every byte: what they encode is decoded to the same bytes.
  public func normalized(_ text: String) -> String {
    let text = isLowercased ? text.lowercased() : text
    if unit == .bytePair || text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return text.precomposedStringWithCanonicalMapping
  }

  /// A table from token to number; made once for many texts.
  public func encoder() -> TextEncoder { TextEncoder(self) }
}
