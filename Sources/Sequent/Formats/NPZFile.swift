import SequentIR

/// A .npz file: a zip archive of .npy arrays, stored or deflated.
///
/// The directory and the arrays' headers are read and checked; the elements are inflated, and their
/// checksum compared, when they are asked for.
public struct NPZFile: TensorSource {
  private let contents: FileContents
  private let arrays: [String: (entry: ZIPDirectory.Entry, description: TensorDescription)]

  /// The arrays' names, without `.npy`, in the archive's order.
  public let tensorNames: [String]

  /// The file's name, for messages.
  public var name: String { contents.name }

  /// Always empty: the format has no place for it.
  public var metadata: [String: String] { [:] }

  /// The file at a path.
  public init(path: String) throws {
    try self.init(FileContents(path: path))
  }

  /// A file whose contents are mapped or in memory.
  public init(_ contents: FileContents) throws {
    self.contents = contents
    var names: [String] = []
    var arrays: [String: (ZIPDirectory.Entry, TensorDescription)] = [:]
    try contents.withUnsafeBytes { bytes in
      for entry in try Self.directory(bytes, file: contents.name) {
        let name = String(entry.name.dropLast(".npy".count))
        guard entry.name.hasSuffix(".npy") else {
          throw FormatError(file: contents.name, subject: entry.name, reason: "not a .npy array")
        }
        let description = try Self.describing(entry, contents.name) {
          try Self.description(of: entry, bytes)
        }
        guard arrays.updateValue((entry, description), forKey: name) == nil else {
          throw FormatError(
            file: contents.name, subject: "array \(name)", reason: "there are two of this name")
        }
        names.append(name)
      }
    }
    tensorNames = names
    self.arrays = arrays
  }

  /// The element type and shape of a tensor; nil when there is none of that name.
  public func description(of tensor: String) -> TensorDescription? { arrays[tensor]?.description }

  /// The values of a tensor.
  public func tensor(named tensor: String) throws -> TensorData {
    guard let entry = arrays[tensor]?.entry else { throw missing(tensor) }
    return try contents.withUnsafeBytes { bytes in
      try Self.describing(entry, name) {
        let stored = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
        switch entry.method {
        case .stored: return try Self.tensor(stored, entry)
        case .deflated:
          return try inflate(stored, limit: entry.size)
            .withUnsafeBytes { try Self.tensor($0, entry) }
        }
      }
    }
  }

  private static func directory(
    _ bytes: UnsafeRawBufferPointer, file: String
  ) throws -> [ZIPDirectory.Entry] {
    do {
      return try ZIPDirectory(parsing: bytes).entries
    } catch let error as ZIPError {
      throw FormatError(file: file, reason: error.reason)
    }
  }

  /// Reads no more of an array than its header.
  private static func description(
    of entry: ZIPDirectory.Entry, _ bytes: UnsafeRawBufferPointer
  ) throws -> TensorDescription {
    let stored = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
    let prefix = try start(of: entry, stored, count: NPYHeader.prefixLength)
    let headerEnd = try prefix.withUnsafeBytes { try NPYHeader.dataStart($0) }
    let header = try start(of: entry, stored, count: headerEnd)
      .withUnsafeBytes { try NPYHeader(parsing: $0) }
    guard header.dataStart + header.dataSize == entry.size else {
      throw NPYError(
        "\(entry.size) bytes, but its header needs \(header.dataStart + header.dataSize)")
    }
    return TensorDescription(elementType: header.type.elementType, shape: header.shape)
  }

  private static func start(
    of entry: ZIPDirectory.Entry, _ stored: UnsafeRawBufferPointer, count: Int
  ) throws -> [UInt8] {
    switch entry.method {
    case .stored: Array(stored.prefix(count))
    case .deflated: try inflate(stored, limit: min(count, entry.size))
    }
  }

  private static func tensor(
    _ bytes: UnsafeRawBufferPointer, _ entry: ZIPDirectory.Entry
  ) throws -> TensorData {
    guard bytes.count == entry.size else {
      throw ZIPError("\(bytes.count) bytes where \(entry.size) are declared")
    }
    guard checksum(bytes) == entry.checksum else { throw ZIPError("its checksum is wrong") }
    return try TensorData(npy: bytes)
  }

  /// Says in errors which file and array they are about.
  private static func describing<Result>(
    _ entry: ZIPDirectory.Entry, _ file: String, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let error as NPYError {
      throw FormatError(file: file, subject: "array \(entry.name)", reason: error.reason)
    } catch let error as ZIPError {
      throw FormatError(file: file, subject: "array \(entry.name)", reason: error.reason)
    }
  }
}
