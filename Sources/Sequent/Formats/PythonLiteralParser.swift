/// Parses the Python dictionary in a .npy header: its values are strings, booleans and tuples of
/// non-negative integers.
struct PythonLiteralParser {
  enum Value {
    case string(String)
    case bool(Bool)
    case tuple([Int])
  }

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  mutating func parse() throws -> [String: Value] {
    var dictionary: [String: Value] = [:]
    try expect("{")
    while !skip("}") {
      let key = try parseString()
      try expect(":")
      guard dictionary.updateValue(try parseValue(), forKey: key) == nil else {
        throw NPYError("its header has \(key) twice")
      }
      if !skip(",") {
        try expect("}")
        break
      }
    }
    guard peek() == nil else { throw malformed }
    return dictionary
  }

  private mutating func parseValue() throws -> Value {
    switch peek() {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "("): return .tuple(try parseTuple())
    case UInt8(ascii: "["): throw NPYError("structured arrays are not supported")
    case UInt8(ascii: "T"): return .bool(try parseWord("True", true))
    case UInt8(ascii: "F"): return .bool(try parseWord("False", false))
    default: throw malformed
    }
  }

  private mutating func parseString() throws -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw malformed
    }
    offset += 1
    guard let end = bytes[offset...].firstIndex(of: quote),
      let string = String(validating: bytes[offset..<end], as: UTF8.self)
    else { throw malformed }
    offset = end + 1
    return string
  }

  private mutating func parseTuple() throws -> [Int] {
    var values: [Int] = []
    try expect("(")
    while !skip(")") {
      _ = peek()
      let start = offset
      while offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 { offset += 1 }
      guard let value = Int(String(decoding: bytes[start..<offset], as: UTF8.self)) else {
        throw NPYError("its shape has an axis that is not a length")
      }
      _ = skip("L")  // Python 2 wrote long integers so
      values.append(value)
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private mutating func parseWord(_ word: String, _ value: Bool) throws -> Bool {
    guard bytes[offset...].starts(with: word.utf8) else { throw malformed }
    offset += word.utf8.count
    return value
  }

  private mutating func peek() -> UInt8? {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") else { return byte }
      offset += 1
    }
    return nil
  }

  private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: scalar) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ scalar: Unicode.Scalar) throws {
    guard skip(scalar) else { throw malformed }
  }

  private var malformed: NPYError {
    NPYError("its header is not a dictionary that numpy writes, at byte \(offset) of it")
  }
}
