/// What a scalar was in an older version of Unicode: tokenizers keep the tables that they were made
/// with, and their tokens have to stay the same when Swift's tables grow.
struct UnicodeVersion: Sendable {
  private let major: Int
  private let reclassified: [UInt32: Unicode.GeneralCategory]

  /// The tables behind BERT's tokenizer in the `tokenizers` library.
  static let eight = UnicodeVersion(
    major: 8,
    reclassified: [
      0x166d: .otherPunctuation, 0x1734: .nonspacingMark, 0x1885: .otherLetter,
      0x1886: .otherLetter, 0xa9bd: .spacingMark, 0x111c9: .otherPunctuation,
      0x1171e: .nonspacingMark,
    ])

  /// The tables behind its byte pairs.
  static let sixteen = UnicodeVersion(major: 16, reclassified: [:])

  /// The scalar's category, `.unassigned` for one that came later.
  func category(of scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    let properties = scalar.properties
    if let old = reclassified[scalar.value] { return old }
    let category = properties.generalCategory
    guard category != .privateUse, let age = properties.age else { return category }
    return age.major > major ? .unassigned : category
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The scalar at a position of valid UTF-8 that is not ASCII, and its length in bytes.
  func wideScalar(at position: Int) -> (scalar: Unicode.Scalar, length: Int) {
    let first = self[position]
    let length = Swift.min(first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, count - position)
    var value = UInt32(first) & (length == 2 ? 0x1f : length == 3 ? 0x0f : 0x07)
    for byte in self[position + 1..<position + length] { value = value << 6 | UInt32(byte & 0x3f) }
    return (Unicode.Scalar(value) ?? "\u{fffd}", length)
  }
}
