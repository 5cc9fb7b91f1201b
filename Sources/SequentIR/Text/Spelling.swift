/// How the text form writes names and numbers.
enum Spelling {
  /// A name as it is when it is an identifier, otherwise in quotes.
  ///
  /// - Parameter afterSigil: whether `%` or `@` stands before it, so that it may start with a digit.
  static func name(_ name: String, afterSigil: Bool = false) -> String {
    let bytes = Array(name.utf8)
    let start = afterSigil ? isIdentifierPart : isIdentifierStart
    guard let first = bytes.first, start(first), bytes.allSatisfy(isIdentifierPart) else {
      return quoted(name)
    }
    return name
  }

  /// The shortest text that reads back as the same number: `0`, `-0.0`, `1e-05`, `inf`, `nan`.
  static func number(_ value: Double) -> String {
    let isSmallInteger = abs(value) < 1e9 && value == value.rounded()
    let isNegativeZero = value == 0 && value.sign == .minus
    return isSmallInteger && !isNegativeZero ? "\(Int(value))" : "\(value)"
  }

  static func isIdentifierStart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  static func isIdentifierPart(_ byte: UInt8) -> Bool {
    isIdentifierStart(byte) || isDigit(byte) || byte == UInt8(ascii: ".")
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func quoted(_ name: String) -> String {
    var text = "\""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
