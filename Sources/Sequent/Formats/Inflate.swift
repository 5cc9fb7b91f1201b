internal import CZlib

/// The first `limit` bytes, or fewer when there are no more, of what `source` inflates to.
///
/// `source` is a raw deflate stream. Never more than `limit` bytes of memory are used for it.
func inflate(_ source: UnsafeRawBufferPointer, limit: Int) throws -> [UInt8] {
  var stream = z_stream()
  let opened = inflateInit2_(
    &stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  guard opened == Z_OK else { throw ZIPError("zlib can't start: error \(opened)") }
  defer { inflateEnd(&stream) }

  return try [UInt8](unsafeUninitializedCapacity: limit) { output, count in
    var input = source
    while count < limit {
      // zlib counts in 32 bits.
      let given = min(input.count, Int(UInt32.max))
      let room = min(limit - count, Int(UInt32.max))
      stream.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(given)
      stream.next_out = output.baseAddress.map { $0 + count }
      stream.avail_out = UInt32(room)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      let consumed = given - Int(stream.avail_in)
      let produced = room - Int(stream.avail_out)
      input = UnsafeRawBufferPointer(rebasing: input[consumed...])
      count += produced
      if status == Z_STREAM_END { return }
      guard status == Z_OK || status == Z_BUF_ERROR, consumed + produced > 0 else {
        throw ZIPError("its deflated data are damaged")
      }
    }
  }
}

/// The CRC-32 of bytes, as zip archives have it, continuing that of the bytes before them.
func checksum(_ bytes: UnsafeRawBufferPointer, continuing before: UInt32 = 0) -> UInt32 {
  guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return before }
  return UInt32(truncatingIfNeeded: crc32_z(UInt(before), start, bytes.count))
}
