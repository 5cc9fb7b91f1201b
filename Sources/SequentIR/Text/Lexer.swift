/// A word of the text form, with its place.
struct Token: Sendable {
  enum Kind: Hashable, Sendable {
    /// An identifier, or any name in quotes.
    case name(String)
    /// `%name`.
    case value(String)
    /// `@name`.
    case global(String)
    case integer(Int)
    case number(Double)
    /// One of `( ) { } [ ] , : = + -` and `->`.
    case mark(String)
    case end
  }

  let kind: Kind
  let line: Int
  let column: Int
  /// The comment behind it on its line, where an operation's origin stands.
  var comment: String?

  func error(_ message: String) -> ParseError {
    ParseError(line: line, column: column, message: message)
  }
}

extension Token.Kind: CustomStringConvertible {
  var description: String {
    switch self {
    case .name(let name): "'\(name)'"
    case .value(let name): "'%\(name)'"
    case .global(let name): "'@\(name)'"
    case .integer(let value): "'\(value)'"
    case .number(let value): "'\(value)'"
    case .mark(let mark): "'\(mark)'"
    case .end: "the end of the text"
    }
  }
}

/// Cuts text into tokens.
struct Lexer {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  /// The column of a position in the line, from which later ones are counted.
  private var mark = (position: 0, column: 1)
  private var tokens: [Token] = []

  /// The tokens of a text; the last is `end`.
  static func tokens(of text: String) throws(ParseError) -> [Token] {
    var lexer = Lexer(bytes: Array(text.utf8))
    while try lexer.next() {}
    return lexer.tokens
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// Reads a token, a comment or white space; false at the end.
  private mutating func next() throws(ParseError) -> Bool {
    let start = position
    guard let byte = peek() else {
      add(.end, from: start)
      return false
    }
    switch byte {
    case UInt8(ascii: "\n"):
      position += 1
      line += 1
      mark = (position, 1)
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
      position += 1
    case UInt8(ascii: "/") where peek(1) == byte:
      comment()
    case UInt8(ascii: "%"), UInt8(ascii: "@"):
      position += 1
      let name = try nameAfterSigil(from: start)
      add(byte == UInt8(ascii: "%") ? .value(name) : .global(name), from: start)
    case UInt8(ascii: "\""):
      add(.name(try quoted()), from: start)
    case UInt8(ascii: "-") where peek(1) == UInt8(ascii: ">"):
      position += 2
      add(.mark("->"), from: start)
    case let mark where "(){}[],:=+-".utf8.contains(mark):
      position += 1
      add(.mark(String(UnicodeScalar(mark))), from: start)
    case let digit where Spelling.isDigit(digit):
      add(try number(), from: start)
    case let letter where Spelling.isIdentifierStart(letter):
      add(.name(identifier()), from: start)
    default:
      throw error("unexpected character", at: start)
    }
    return true
  }

  // MARK: - Kinds

  private mutating func comment() {
    let start = position + 2
    while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
    guard let last = tokens.indices.last, tokens[last].line == line else { return }
    tokens[last].comment = text(start..<position)
  }

  private mutating func nameAfterSigil(from start: Int) throws(ParseError) -> String {
    if peek() == UInt8(ascii: "\"") { return try quoted() }
    let name = identifier()
    guard !name.isEmpty else { throw error("expected a name after the sigil", at: start) }
    return name
  }

  private mutating func identifier() -> String {
    let start = position
    while let byte = peek(), Spelling.isIdentifierPart(byte) { position += 1 }
    return text(start..<position)
  }

  private mutating func quoted() throws(ParseError) -> String {
    let start = position
    var content: [UInt8] = []
    position += 1
    while let byte = peek(), byte != UInt8(ascii: "\n") {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = peek().flatMap(Self.escape) else {
          throw error("unknown escape in a quoted name", at: position)
        }
        content.append(escaped)
        position += 1
      default: content.append(byte)
      }
    }
    throw error("a quoted name does not end", at: start)
  }

  private static func escape(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "n"): UInt8(ascii: "\n")
    case UInt8(ascii: "r"): UInt8(ascii: "\r")
    case UInt8(ascii: "t"): UInt8(ascii: "\t")
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    default: nil
    }
  }

  /// Digits, then a fraction and an exponent if there are any: `12`, `0.5`, `1e-05`.
  private mutating func number() throws(ParseError) -> Token.Kind {
    let start = position
    digits()
    if peek() == UInt8(ascii: ".") {
      position += 1
      digits()
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      digits()
    }
    while let byte = peek(), Spelling.isIdentifierPart(byte) { position += 1 }
    let spelling = text(start..<position)
    if let integer = Int(spelling) { return .integer(integer) }
    guard let value = Double(spelling) else { throw error("not a number", at: start) }
    return .number(value)
  }

  private mutating func digits() {
    while let byte = peek(), Spelling.isDigit(byte) { position += 1 }
  }

  // MARK: - Places

  private func peek(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// The character of the line, from 1: bytes that continue a character do not count.
  private func column(of position: Int) -> Int {
    mark.column + bytes[mark.position..<position].count { $0 & 0xC0 != 0x80 }
  }

  private mutating func add(_ kind: Token.Kind, from start: Int) {
    mark = (start, column(of: start))
    tokens.append(Token(kind: kind, line: line, column: mark.column, comment: nil))
  }

  private func error(_ message: String, at position: Int) -> ParseError {
    ParseError(line: line, column: column(of: position), message: message)
  }
}
