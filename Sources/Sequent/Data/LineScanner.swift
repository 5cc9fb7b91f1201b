#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The lines of a text file, one after the other.
///
/// A line ends with LF, CRLF, or the file. A byte order mark is no part of the first one.
struct LineScanner {
  /// A line that is longer is refused rather than kept.
  private static let longestLine = 1 << 26

  private let name: String
  private var blocks: ByteBlocks
  private var lineNumber = 0

  /// Starts before the first line.
  init(_ file: DataFile) {
    name = file.name
    blocks = ByteBlocks(file, size: 1 << 18)
  }

  /// The next line without its end; nil after the last.
  mutating func next() throws -> String? {
    var searched = 0
    while true {
      let newline = blocks.withPending { firstIndex(of: 0x0a, in: $0, from: searched) }
      if let newline {
        defer { blocks.consume(newline + 1) }
        return try take(newline)
      }
      searched = blocks.pending.count
      if blocks.isAtEnd {
        guard searched > 0 else { return nil }
        defer { blocks.consume(searched) }
        return try take(searched)
      }
      guard searched <= Self.longestLine else {
        lineNumber += 1
        throw line.problem("longer than \(Self.longestLine) bytes")
      }
      try blocks.readMore()
    }
  }

  /// The line that `next` gave last.
  var line: FileLine { FileLine(file: name, number: lineNumber) }

  private mutating func take(_ count: Int) throws -> String {
    lineNumber += 1
    var bytes = blocks.pending.prefix(count)
    if lineNumber == 1, bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
    return try validText(bytes, line)
  }
}

/// The text of a line, whose bytes have to be UTF-8 and hold no NUL.
func validText(_ bytes: ArraySlice<UInt8>, _ line: FileLine) throws -> String {
  let hasNUL = bytes.withUnsafeBytes { firstIndex(of: 0, in: $0, from: 0) != nil }
  if !hasNUL, let text = String(validating: bytes, as: UTF8.self) { return text }
  let reason: String
  if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
    reason = "begins as UTF-16 does, expected UTF-8"
  } else if hasNUL {
    reason = "a NUL byte, expected text"
  } else {
    let position = firstInvalidByte(bytes)
    let byte = String(bytes[bytes.startIndex + position], radix: 16)
    reason = "byte 0x\(byte) at position \(position + 1), expected UTF-8"
  }
  throw line.problem(reason)
}

/// The place of the first byte that is no part of a valid character, or of the last byte.
private func firstInvalidByte(_ bytes: ArraySlice<UInt8>) -> Int {
  var decoder = UTF8()
  var iterator = bytes.makeIterator()
  var position = 0
  while case .scalarValue(let scalar) = decoder.decode(&iterator) {
    position += UTF8.width(scalar)
  }
  return min(position, bytes.count - 1)
}

private func firstIndex(
  of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int
) -> Int? {
  guard start < bytes.count, let base = bytes.baseAddress,
    let found = memchr(base + start, Int32(byte), bytes.count - start)
  else { return nil }
  return UnsafeRawPointer(found) - base
}
