/// Where a JSON text is wrong, and how.
struct JSONError: Error, CustomStringConvertible {
  let offset: Int
  let reason: String

  var description: String { "not valid JSON: \(reason) at byte \(offset)" }
}

/// Reads JSON (RFC 8259) from bytes, one value at a time, holding on to nothing.
///
/// Strict, and safe on hostile input: nesting is bounded, names in an object are unique, text is
/// valid UTF-8.
struct JSONReader {
  /// Deeper nesting is refused: readers recurse, and the stack is not the attacker's to use up.
  static let maximumDepth = 128

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0
  private var depth = 0

  /// A reader of bytes that outlive it.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// The next byte that is not white space; nil at the end.
  mutating func peek() -> UInt8? {
    while offset < bytes.count {
      switch bytes[offset] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
        offset += 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Checks that nothing but white space follows.
  mutating func finish() throws {
    guard peek() == nil else { throw error("more text after the value") }
  }

  func error(_ reason: String) -> JSONError {
    JSONError(offset: offset, reason: reason)
  }

  // MARK: - Values

  mutating func readValue() throws -> JSON {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [JSON.Member] = []
      try readObject { reader, name in
        members.append(JSON.Member(name: name, value: try reader.readValue()))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var values: [JSON] = []
      try readArray { reader in values.append(try reader.readValue()) }
      return .array(values)
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return .bool(try readWord("true", true))
    case UInt8(ascii: "f"): return .bool(try readWord("false", false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    case nil: throw error("the text ends where a value is expected")
    default: return try readNumber()
    }
  }

  /// Reads an object: `member` is called after each name and reads the value.
  mutating func readObject(_ member: (inout JSONReader, String) throws -> Void) throws {
    var names: Set<[UInt8]> = []
    try readSequence(from: "{", to: "}") { reader in
      let start = reader.offset
      guard reader.peek() == UInt8(ascii: "\"") else {
        throw reader.error("a name in quotation marks is expected")
      }
      let name = try reader.readString()
      guard names.insert(Array(name.utf8)).inserted else {
        throw JSONError(offset: start, reason: "the name \(JSON.quoted(name)) is there twice")
      }
      try reader.expect(":")
      try member(&reader, name)
    }
  }

  /// Reads an array: `element` is called for each value and reads it.
  mutating func readArray(_ element: (inout JSONReader) throws -> Void) throws {
    try readSequence(from: "[", to: "]", element)
  }

  private mutating func readSequence(
    from opening: Unicode.Scalar, to closing: Unicode.Scalar,
    _ item: (inout JSONReader) throws -> Void
  ) throws {
    try expect(opening)
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      throw error("nesting deeper than \(Self.maximumDepth)")
    }
    if peek() == UInt8(ascii: closing) {
      offset += 1
      return
    }
    while true {
      try item(&self)
      if peek() == UInt8(ascii: closing) {
        offset += 1
        return
      }
      try expect(",", or: closing)
    }
  }

  private mutating func expect(_ scalar: Unicode.Scalar, or other: Unicode.Scalar? = nil) throws {
    guard peek() == UInt8(ascii: scalar) else {
      let both = other.map { "'\(scalar)' or '\($0)'" } ?? "'\(scalar)'"
      throw error("\(both) is expected")
    }
    offset += 1
  }

  private mutating func readWord<Value>(_ word: String, _ value: Value) throws -> Value {
    guard bytes[offset...].starts(with: word.utf8) else { throw error("a value is expected") }
    offset += word.utf8.count
    return value
  }

  // MARK: - Numbers

  /// Reads a number: `.integer` when it is written as one and an `Int` holds it (none holds -0).
  mutating func readNumber() throws -> JSON {
    _ = peek()
    let start = offset
    var isInteger = true
    let isNegative = skip("-")
    guard skip("0") || skipDigits() else {
      throw error(isNegative ? "a digit is expected" : "a value is expected")
    }
    if skip(".") {
      isInteger = false
      guard skipDigits() else { throw error("a digit is expected after the point") }
    }
    if skip("e") || skip("E") {
      isInteger = false
      if !skip("+") { skip("-") }
      guard skipDigits() else { throw error("a digit is expected in the exponent") }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, text != "-0", let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw JSONError(offset: start, reason: "the number is too large")
    }
    return .number(value)
  }

  @discardableResult
  private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: scalar) else { return false }
    offset += 1
    return true
  }

  /// Moves past digits; false when there is none.
  private mutating func skipDigits() -> Bool {
    let start = offset
    while offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 { offset += 1 }
    return offset > start
  }

  // MARK: - Strings

  mutating func readString() throws -> String {
    try expect("\"")
    var text: [UInt8] = []
    while true {
      let start = offset
      while offset < bytes.count, isPlain(bytes[offset]) { offset += 1 }
      text += bytes[start..<offset]
      if skip("\"") { break }
      guard skip("\\") else {
        throw error(offset == bytes.count ? "a string does not end" : "a bare control character")
      }
      text += try readEscape().utf8
    }
    guard let string = String(validating: text, as: UTF8.self) else {
      throw error("a string that is not UTF-8 ends")
    }
    return string
  }

  private func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// What the characters after a backslash stand for.
  private mutating func readEscape() throws -> String {
    guard offset < bytes.count else { throw error("a string does not end") }
    defer { offset += 1 }
    switch bytes[offset] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try readUnicodeEscape()
    default: throw error("an unknown escape")
    }
  }

  /// Reads `uXXXX`, or the two of a surrogate pair, and stops on the last digit.
  private mutating func readUnicodeEscape() throws -> String {
    var units = [try readHexadecimals()]
    if UTF16.isLeadSurrogate(units[0]), bytes[(offset + 1)...].starts(with: [0x5c, 0x75]) {
      offset += 2
      units.append(try readHexadecimals())
    }
    guard let text = String(validating: units, as: UTF16.self) else {
      throw error("half of a surrogate pair")
    }
    return text
  }

  /// Reads the four digits after the `u` that the reader is at, and stops on the last.
  private mutating func readHexadecimals() throws -> UInt16 {
    let digits = bytes[(offset + 1)...].prefix(4)
    guard digits.count == 4, digits.first != UInt8(ascii: "+"),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits are expected") }
    offset += 4
    return unit
  }
}
