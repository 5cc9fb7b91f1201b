/// Reads the little-endian records of a zip archive, never past its end.
struct ZIPReader {
  private let all: UnsafeRawBufferPointer
  var offset: Int

  /// A reader of bytes that outlive it.
  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    all = bytes
    self.offset = offset
  }

  var count: Int { all.count }

  mutating func bytes(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count <= all.count - offset else { throw ZIPError("truncated at byte \(offset)") }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: all[offset..<offset + count])
  }

  mutating func skip(_ count: Int) throws { _ = try bytes(count) }

  mutating func uint16() throws -> UInt16 {
    UInt16(littleEndian: try bytes(2).loadUnaligned(as: UInt16.self))
  }

  mutating func uint32() throws -> UInt32 {
    UInt32(littleEndian: try bytes(4).loadUnaligned(as: UInt32.self))
  }

  mutating func uint64() throws -> UInt64 {
    UInt64(littleEndian: try bytes(8).loadUnaligned(as: UInt64.self))
  }

  mutating func expect(_ signature: UInt32, _ what: String) throws {
    let start = offset
    guard try uint32() == signature else { throw ZIPError("\(what) is not at byte \(start)") }
  }
}

/// Sizes and offset of an entry: those that don't fit in 32 bits are in an extra field.
struct ZIP64Field {
  var compressed: UInt64
  var plain: UInt64
  var offset: UInt64 = 0

  init(compressed: UInt64, plain: UInt64) {
    self.compressed = compressed
    self.plain = plain
  }

  /// Takes the values that are marked as being elsewhere from the extra field of kind 1.
  mutating func replace(from extra: UnsafeRawBufferPointer) throws {
    var fields = ZIPReader(extra)
    while fields.offset + 4 <= extra.count {
      let kind = try fields.uint16()
      var field = ZIPReader(try fields.bytes(Int(try fields.uint16())))
      guard kind == 1 else { continue }
      if plain == 0xffff_ffff { plain = try field.uint64() }
      if compressed == 0xffff_ffff { compressed = try field.uint64() }
      if offset == 0xffff_ffff { offset = try field.uint64() }
    }
  }
}
