import SequentIR

extension NPZFile {
  /// Writes tensors as a .npz file of stored arrays, one in memory at a time.
  public static func write(_ tensors: some TensorSource, to path: String) throws {
    try replaceFile(at: path) { file in
      var directory: [UInt8] = []
      var position = 0
      for name in tensors.tensorNames {
        let tensor = try tensors.tensor(named: name)
        let header = try tensor.npyHeader(file: path)
        let local = try tensor.elements.withStoredBytes { elements in
          let record = try ZIPRecord(
            name: name + ".npy", header: header, elements: elements, offset: position, file: path)
          try file.write(record.localHeader + header)
          try file.write(elements)
          directory += record.directoryEntry
          return record
        }
        position += local.localHeader.count + local.size
      }
      try file.write(
        directory + endRecord(tensors.tensorNames.count, directory.count, position, file: path))
    }
  }
}

/// How one stored array is announced, before its bytes and in the directory.
private struct ZIPRecord {
  let localHeader: [UInt8]
  let directoryEntry: [UInt8]
  let size: Int

  init(
    name: String, header: [UInt8], elements: UnsafeRawBufferPointer, offset: Int, file: String
  ) throws {
    size = header.count + elements.count
    let shortSize = try uint32(size, file: file)
    let shortOffset = try uint32(offset, file: file)
    let name = Array(name.utf8)
    guard let nameLength = UInt16(exactly: name.count) else {
      throw FormatError(file: file, reason: "a name of \(name.count) bytes does not fit in a zip")
    }
    let crc = header.withUnsafeBytes { checksum(elements, continuing: checksum($0)) }
    // From the version that is needed to the length of the extra fields: alike in both records.
    // 20: plain zip; flag 0x800: the name is UTF-8; 0x21: 1 January 1980, the first day of zip.
    let common =
      little(UInt16(20)) + little(UInt16(0x800)) + little(ZIPDirectory.Method.stored.rawValue)
      + little(UInt16(0)) + little(UInt16(0x21)) + little(crc) + little(shortSize)
      + little(shortSize) + little(nameLength) + little(UInt16(0))
    localHeader = little(UInt32(0x0403_4b50)) + common + name
    directoryEntry =
      little(UInt32(0x0201_4b50)) + little(UInt16(20)) + common + [UInt8](repeating: 0, count: 10)
      + little(shortOffset) + name
  }
}

private func endRecord(_ count: Int, _ size: Int, _ offset: Int, file: String) throws -> [UInt8] {
  guard let count = UInt16(exactly: count), count < UInt16.max else {
    throw FormatError(file: file, reason: "\(count) arrays don't fit in one .npz file")
  }
  return try little(UInt32(0x0605_4b50)) + little(UInt32(0)) + little(count) + little(count)
    + little(uint32(size, file: file)) + little(uint32(offset, file: file)) + little(UInt16(0))
}

private func little(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

private func uint32(_ value: Int, file: String) throws -> UInt32 {
  guard let short = UInt32(exactly: value), short < UInt32.max else {
    throw FormatError(
      file: file, reason: "\(value) bytes don't fit in a .npz file; write a .safetensors file")
  }
  return short
}
