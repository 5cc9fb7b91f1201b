import SequentIR

/// The header of a safetensors file, checked.
///
/// A file is 8 bytes (the header's length, little-endian), the header (a JSON object), and the
/// tensors' bytes, which have to cover the rest of the file without holes or overlaps. The header
/// has a member per tensor, `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`, and under
/// `__metadata__` an object of strings.
struct SafetensorsHeader: Sendable {
  /// The reference implementation's bound, 100 MB.
  static let maximumLength = 100_000_000

  /// More axes than any library's tensors have.
  static let maximumRank = 64

  /// One tensor: where its bytes are in the file, and what they mean.
  struct Entry: Sendable {
    let name: String
    let type: StoredElementType
    let shape: [Int]
    let range: Range<Int>
  }

  /// The tensors, in the order of their bytes.
  let entries: [Entry]
  let metadata: [String: String]

  /// Parses and checks the header of a file with these bytes, called `file` in messages.
  init(parsing bytes: UnsafeRawBufferPointer, file: String) throws {
    guard bytes.count >= 8 else {
      throw FormatError(
        file: file, reason: "\(bytes.count) bytes are too few for a safetensors file")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= Self.maximumLength else {
      throw FormatError(
        file: file,
        reason: "not a safetensors file: its first 8 bytes, the header's length, are \(length), "
          + "more than \(Self.maximumLength)")
    }
    guard length <= bytes.count - 8 else {
      throw FormatError(
        file: file,
        reason: "truncated: a header of \(length) bytes in a file of \(bytes.count)")
    }
    let dataStart = 8 + Int(length)
    var parser = Parser(file: file, dataStart: dataStart, dataSize: bytes.count - dataStart)
    do {
      try parser.parse(UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
    } catch let error as JSONError {
      throw FormatError(file: file, subject: "header", reason: error.description)
    }
    entries = try parser.contiguousEntries()
    metadata = parser.metadata
  }
}

private struct Parser {
  let file: String
  let dataStart: Int
  let dataSize: Int
  var entries: [SafetensorsHeader.Entry] = []
  var metadata: [String: String] = [:]

  init(file: String, dataStart: Int, dataSize: Int) {
    self.file = file
    self.dataStart = dataStart
    self.dataSize = dataSize
  }

  mutating func parse(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.first == UInt8(ascii: "{") else {
      throw FormatError(file: file, subject: "header", reason: "not a JSON object")
    }
    var names: Set<String> = []
    var json = JSONReader(bytes)
    try json.readObject { json, name in
      if name == "__metadata__" {
        try readMetadata(&json)
      } else {
        // The reader tells names apart by their bytes, we by what Unicode calls equivalent.
        guard names.insert(name).inserted else { throw error(name, "there are two of this name") }
        entries.append(try readEntry(&json, name))
      }
    }
    try json.finish()
  }

  private mutating func readMetadata(_ json: inout JSONReader) throws {
    guard json.peek() == UInt8(ascii: "{") else {
      throw FormatError(file: file, subject: "__metadata__", reason: "not an object")
    }
    try json.readObject { json, key in
      guard json.peek() == UInt8(ascii: "\"") else {
        throw FormatError(file: file, subject: "__metadata__", reason: "\(key) is not a string")
      }
      guard metadata.updateValue(try json.readString(), forKey: key) == nil else {
        throw FormatError(file: file, subject: "__metadata__", reason: "\(key) is there twice")
      }
    }
  }

  private func readEntry(
    _ json: inout JSONReader, _ name: String
  ) throws -> SafetensorsHeader.Entry {
    guard json.peek() == UInt8(ascii: "{") else { throw error(name, "not described by an object") }
    var type: StoredElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try json.readObject { json, key in
      switch key {
      case "dtype": type = try readType(&json, name)
      case "shape": shape = try readCounts(&json, name, key, SafetensorsHeader.maximumRank)
      case "data_offsets": offsets = try readCounts(&json, name, key, 2)
      default: throw error(name, "unknown member \(JSON.quoted(key))")
      }
    }
    guard let type else { throw error(name, "no dtype") }
    guard let shape else { throw error(name, "no shape") }
    guard let offsets, offsets.count == 2 else { throw error(name, "no pair of data_offsets") }
    return SafetensorsHeader.Entry(
      name: name, type: type, shape: shape,
      range: try byteRange(of: name, type, shape, from: offsets[0], to: offsets[1]))
  }

  private func readType(_ json: inout JSONReader, _ name: String) throws -> StoredElementType {
    guard json.peek() == UInt8(ascii: "\"") else { throw error(name, "dtype is not a string") }
    let text = try json.readString()
    guard let type = StoredElementType(rawValue: text) else {
      let known = StoredElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw error(name, "dtype \(JSON.quoted(text)) is none of \(known)")
    }
    return type
  }

  private func readCounts(
    _ json: inout JSONReader, _ name: String, _ key: String, _ limit: Int
  ) throws -> [Int] {
    guard json.peek() == UInt8(ascii: "[") else { throw error(name, "\(key) is not an array") }
    var counts: [Int] = []
    try json.readArray { json in
      guard counts.count < limit else { throw error(name, "\(key) has more than \(limit) values") }
      let value = try json.readValue()
      guard let count = value.integer, count >= 0 else {
        throw error(name, "\(key) holds \(value.brief), not a length")
      }
      counts.append(count)
    }
    return counts
  }

  /// The range in the file, when it is as long as the shape needs and ends inside the file.
  private func byteRange(
    of name: String, _ type: StoredElementType, _ shape: [Int], from start: Int, to end: Int
  ) throws -> Range<Int> {
    guard let count = TensorData.count(of: shape), count <= Int.max / type.size else {
      throw error(name, "shape \(shape) has more elements than a file can hold")
    }
    guard start <= end else { throw error(name, "data_offsets [\(start), \(end)] run backwards") }
    guard end - start == count * type.size else {
      throw error(
        name,
        "data_offsets [\(start), \(end)] are \(end - start) bytes, but shape \(shape) of "
          + "\(type.rawValue) takes \(count * type.size)")
    }
    guard end <= dataSize else {
      throw error(
        name, "truncated: data_offsets end at \(end), the file has \(dataSize) bytes of data")
    }
    return dataStart + start..<dataStart + end
  }

  /// The entries by position, when they cover the data exactly.
  func contiguousEntries() throws -> [SafetensorsHeader.Entry] {
    let sorted = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var position = dataStart
    var previous = "the header"
    for entry in sorted {
      let start = entry.range.lowerBound
      guard start >= position else {
        throw error(entry.name, "its bytes overlap those of tensor \(previous)")
      }
      guard start == position else {
        throw error(entry.name, "\(start - position) unused bytes between \(previous) and it")
      }
      position = entry.range.upperBound
      previous = entry.name
    }
    guard position == dataStart + dataSize else {
      throw FormatError(
        file: file,
        reason: "\(dataStart + dataSize - position) unused bytes after \(previous)")
    }
    return sorted
  }

  private func error(_ name: String, _ reason: String) -> FormatError {
    FormatError(file: file, subject: "tensor \(name)", reason: reason)
  }
}
