import Foundation

/// How a word piece encoding brings text to the form of its vocabulary: BERT's rules.
///
/// Lower-casing is the encoding's own `isLowercased`.
public struct WordPieceRules: Codable, Hashable, Sendable {
  /// Whether control characters are dropped, and white space of any kind is a space.
  public var cleansText = true
  /// Whether every Chinese character stands alone.
  public var separatesIdeographs = true
  /// Whether accents are taken off letters.
  public var stripsAccents = true
  /// The longest word, in scalars, that is matched; longer ones are unknown.
  public var longestWord = 100
  /// What the vocabulary puts before pieces that go on in a word.
  public var continuation = "##"

  /// The rules of BERT's uncased models.
  public init() {}
}

/// Brings UTF-8 to the form that word pieces are matched in.
struct WordPieceNormalizer: Sendable {
  let rules: WordPieceRules
  let isLowercased: Bool

  /// Appends the normal form of a text.
  func normalize(_ text: UnsafeBufferPointer<UInt8>, into form: inout [UInt8]) {
    form.reserveCapacity(form.count + text.count + 16)
    var run = String.UnicodeScalarView()
    var position = 0
    while position < text.count {
      let byte = text[position]
      if byte < 0x80 {
        if !run.isEmpty { finish(&run, into: &form) }
        append(ascii: byte, to: &form)
        position += 1
        continue
      }
      let (scalar, length) = text.wideScalar(at: position)
      position += length
      if rules.separatesIdeographs, Self.isIdeograph(scalar) {
        finish(&run, into: &form)
        form.append(UInt8(ascii: " "))
        run.append(scalar)
        finish(&run, into: &form)
        form.append(UInt8(ascii: " "))
        continue
      }
      guard rules.cleansText else {
        run.append(scalar)
        continue
      }
      if scalar.value == 0xfffd || Self.isControl(scalar) { continue }
      if scalar.properties.isWhitespace {
        finish(&run, into: &form)
        form.append(UInt8(ascii: " "))
      } else {
        run.append(scalar)
      }
    }
    finish(&run, into: &form)
  }

  private func append(ascii byte: UInt8, to form: inout [UInt8]) {
    switch byte {
    case 0x41...0x5a where isLowercased: form.append(byte | 0x20)
    case 0x20...0x7e: form.append(byte)
    case _ where !rules.cleansText: form.append(byte)
    case 0x09, 0x0a, 0x0d: form.append(UInt8(ascii: " "))
    default: break
    }
  }

  /// Appends scalars beyond ASCII: decomposed, without accents, in lower case.
  private func finish(_ run: inout String.UnicodeScalarView, into form: inout [UInt8]) {
    guard !run.isEmpty else { return }
    defer { run.removeAll(keepingCapacity: true) }
    // No ideograph of these blocks, the most frequent ones, decomposes.
    let isPlain = run.allSatisfy { 0x3400...0x9fff ~= $0.value }
    guard !isPlain else { return form.append(contentsOf: String(run).utf8) }
    let scalars =
      rules.stripsAccents
      ? String(run).decomposedStringWithCanonicalMapping.unicodeScalars : run
    for scalar in scalars {
      if rules.stripsAccents, Self.tables.category(of: scalar) == .nonspacingMark { continue }
      if isLowercased {
        form.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
      } else {
        form.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  private static let tables = UnicodeVersion.eight

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch tables.category(of: scalar) {
    case .control, .format, .privateUse, .surrogate: true
    default: false
    }
  }

  /// The blocks that BERT takes for Chinese characters; where they begin and end is `tokenizers`' own.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3400...0x4dbf, 0x4e00...0x9fff, 0xf900...0xfaff, 0x20000...0x2a6df, 0x2a700...0x2b81f,
      0x2b920...0x2ceaf, 0x2f800...0x2fa1f:
      true
    default: false
    }
  }
}
