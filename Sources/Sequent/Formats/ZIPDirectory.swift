/// The list of files in a zip archive, checked (PKWARE's APPNOTE; zip64 included).
///
/// Sizes and offsets are those of the central directory. Entries have to lie apart from each other
/// and before the directory: an archive that uses the same bytes twice is an attack.
struct ZIPDirectory: Sendable {
  enum Method: UInt16, Sendable {
    case stored = 0
    case deflated = 8
  }

  struct Entry: Sendable {
    let name: String
    let method: Method
    let checksum: UInt32
    /// The size after inflating.
    let size: Int
    /// The compressed bytes in the archive.
    let range: Range<Int>
  }

  let entries: [Entry]

  /// Reads the directory at the end of an archive.
  init(parsing bytes: UnsafeRawBufferPointer) throws {
    let end = try EndRecord(parsing: ZIPReader(bytes))
    var reader = ZIPReader(bytes, at: end.directory.lowerBound)
    var entries: [Entry] = []
    var taken: [Range<Int>] = []
    while reader.offset < end.directory.upperBound {
      let (entry, whole) = try Self.entry(&reader, bytes, before: end.directory.lowerBound)
      entries.append(entry)
      taken.append(whole)
    }
    guard reader.offset == end.directory.upperBound, entries.count == end.count else {
      throw ZIPError("its directory does not hold the \(end.count) entries it should")
    }
    taken.sort { $0.lowerBound < $1.lowerBound }
    for (range, next) in zip(taken, taken.dropFirst()) where range.upperBound > next.lowerBound {
      throw ZIPError("entries overlap at byte \(next.lowerBound)")
    }
    self.entries = entries
  }

  /// Reads one entry of the directory, and where it starts and ends with its local header.
  private static func entry(
    _ reader: inout ZIPReader, _ bytes: UnsafeRawBufferPointer, before limit: Int
  ) throws -> (Entry, Range<Int>) {
    try reader.expect(0x0201_4b50, "a directory entry")
    try reader.skip(4)  // versions
    let flags = try reader.uint16()
    let code = try reader.uint16()
    try reader.skip(4)  // time
    let checksum = try reader.uint32()
    var sizes = ZIP64Field(
      compressed: UInt64(try reader.uint32()), plain: UInt64(try reader.uint32()))
    let nameLength = Int(try reader.uint16())
    let extraLength = Int(try reader.uint16())
    let commentLength = Int(try reader.uint16())
    try reader.skip(8)  // disk and attributes
    sizes.offset = UInt64(try reader.uint32())
    guard let name = String(validating: try reader.bytes(nameLength), as: UTF8.self) else {
      throw ZIPError("an entry's name is not UTF-8")
    }
    try sizes.replace(from: try reader.bytes(extraLength))
    try reader.skip(commentLength)

    guard flags & 1 == 0 else { throw ZIPError("\(name): encrypted") }
    guard let method = Method(rawValue: code) else {
      throw ZIPError("\(name): compression method \(code) is not supported, stored and deflate are")
    }
    guard let offset = Int(exactly: sizes.offset), offset < limit,
      let compressed = Int(exactly: sizes.compressed), let size = Int(exactly: sizes.plain)
    else { throw ZIPError("\(name): it does not lie inside the file") }
    var local = ZIPReader(bytes, at: offset)
    try local.expect(0x0403_4b50, "\(name)'s header")
    try local.skip(22)
    let localNameLength = Int(try local.uint16())
    let localExtraLength = Int(try local.uint16())
    try local.skip(localNameLength + localExtraLength)
    guard local.offset <= limit, compressed <= limit - local.offset else {
      throw ZIPError("\(name): truncated")
    }
    // Deflate shrinks at most 1032-fold: a larger claim is a lie, found before memory is taken.
    guard method == .stored ? size == compressed : size / 1032 <= compressed else {
      throw ZIPError("\(name): \(compressed) bytes can't hold the \(size) that are declared")
    }
    let range = local.offset..<local.offset + compressed
    let entry = Entry(name: name, method: method, checksum: checksum, size: size, range: range)
    return (entry, offset..<range.upperBound)
  }
}

/// What is wrong with an archive; the reader of the file adds which one it is.
struct ZIPError: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// The record at the end of an archive that says where the directory is.
private struct EndRecord {
  let directory: Range<Int>
  let count: Int

  init(parsing whole: ZIPReader) throws {
    let start = try Self.find(in: whole)
    var reader = whole
    reader.offset = start
    try reader.expect(0x0605_4b50, "the end record")
    try reader.skip(6)  // disk numbers
    var count = UInt64(try reader.uint16())
    var size = UInt64(try reader.uint32())
    var offset = UInt64(try reader.uint32())
    var end = start
    if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
      // A zip64 record is pointed at by a locator of 20 bytes, right before the end record.
      guard start >= 20 else { throw ZIPError("its zip64 locator is missing") }
      reader.offset = start - 20
      try reader.expect(0x0706_4b50, "the zip64 locator")
      try reader.skip(4)
      guard let record = Int(exactly: try reader.uint64()), record < start else {
        throw ZIPError("its zip64 record does not lie inside the file")
      }
      end = record
      reader.offset = record
      try reader.expect(0x0606_4b50, "the zip64 record")
      try reader.skip(28)
      count = try reader.uint64()
      size = try reader.uint64()
      offset = try reader.uint64()
    }
    guard let offset = Int(exactly: offset), let size = Int(exactly: size),
      let count = Int(exactly: count), offset <= end, size == end - offset
    else { throw ZIPError("its directory is not where it should be: truncated or not an archive") }
    directory = offset..<end
    self.count = count
  }

  /// The record is followed only by a comment, whose length it gives.
  private static func find(in whole: ZIPReader) throws -> Int {
    let count = whole.count
    var start = count - 22
    while start >= 0, start >= count - 22 - 0xffff {
      var reader = whole
      reader.offset = start
      if try reader.uint32() == 0x0605_4b50 {
        reader.offset = start + 20
        if Int(try reader.uint16()) == count - start - 22 { return start }
      }
      start -= 1
    }
    throw ZIPError("truncated or not a zip archive: it has no directory")
  }
}
