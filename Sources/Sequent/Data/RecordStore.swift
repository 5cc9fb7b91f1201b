/// Numbered records of int32 values: encoded once, in memory while they are few, and beyond that in
/// a temporary file, so that data can be larger than memory.
struct RecordStore: Sendable {
  private enum Storage: Sendable {
    case memory([Int32])
    case file(TemporaryFile)
  }

  private let storage: Storage
  /// Where every record starts, and at last where the values end.
  private let starts: [Int]

  /// How many records there are.
  var count: Int { starts.count - 1 }

  /// How many values all records have.
  var valueCount: Int { starts[count] }

  /// How many values a record has.
  func length(of record: Int) -> Int { starts[record + 1] - starts[record] }

  /// The values of a record.
  func record(_ index: Int) throws -> [Int32] {
    try values(starts[index]..<starts[index + 1])
  }

  /// Values by their place among those of all records.
  func values(_ range: Range<Int>) throws -> [Int32] {
    switch storage {
    case .memory(let values): return Array(values[range])
    case .file(let file):
      return try [Int32](unsafeUninitializedCapacity: range.count) { buffer, count in
        let bytes = UnsafeMutableRawBufferPointer(
          start: buffer.baseAddress, count: 4 * range.count)
        try file.read(bytes, at: 4 * range.lowerBound)
        count = range.count
      }
    }
  }

  /// Records being written.
  struct Builder {
    private let memoryLimit: Int
    private var pending: [Int32] = []
    private var file: TemporaryFile?
    private var starts = [0]
    /// Writes to the file are of this many values.
    private static let block = 1 << 18

    /// Starts empty; up to `memoryLimit` values stay in memory.
    init(memoryLimit: Int = 1 << 25) { self.memoryLimit = memoryLimit }

    /// Adds a record.
    mutating func append(_ record: some Collection<Int32>) throws {
      pending.append(contentsOf: record)
      starts.append((starts.last ?? 0) + record.count)
      if pending.count > (file == nil ? memoryLimit : Self.block) { try flush() }
    }

    /// How many records there are.
    var count: Int { starts.count - 1 }

    /// The records.
    consuming func finished() throws -> RecordStore {
      guard file != nil else { return RecordStore(storage: .memory(pending), starts: starts) }
      try flush()
      guard let file else { return RecordStore(storage: .memory([]), starts: [0]) }
      return RecordStore(storage: .file(file), starts: starts)
    }

    private mutating func flush() throws {
      let file = try self.file ?? TemporaryFile()
      try pending.withUnsafeBytes { try file.append($0) }
      pending.removeAll(keepingCapacity: false)
      self.file = file
    }
  }
}
