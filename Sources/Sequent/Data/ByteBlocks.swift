/// The bytes of a file in order, as a window that moves over it.
struct ByteBlocks {
  private let file: DataFile
  private var buffer: [UInt8]
  private var start = 0
  private var end = 0
  private var offset = 0
  private(set) var isAtEnd = false

  /// Starts before the first byte.
  init(_ file: DataFile, size: Int) {
    self.file = file
    buffer = [UInt8](repeating: 0, count: size)
  }

  /// The bytes that were read and not consumed.
  var pending: ArraySlice<UInt8> { buffer[start..<end] }

  /// Calls `body` with the bytes that were read and not consumed.
  func withPending<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
  }

  /// Takes the first bytes off.
  mutating func consume(_ count: Int) { start += count }

  /// Reads on: behind what is pending, with more room if that fills the buffer.
  mutating func readMore() throws {
    if start > 0 {
      buffer.withUnsafeMutableBytes { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
      (start, end) = (0, end - start)
    }
    if end == buffer.count {
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
    let count = try buffer.withUnsafeMutableBytes { bytes in
      try file.read(UnsafeMutableRawBufferPointer(rebasing: bytes[end...]), at: offset)
    }
    isAtEnd = count < buffer.count - end
    end += count
    offset += count
  }
}
