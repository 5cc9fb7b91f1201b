import SequentIR

/// A safetensors file, mapped: its header is read and checked, its tensors stay in the file until
/// they are asked for.
public struct SafetensorsFile: TensorSource {
  private let contents: FileContents
  private let header: SafetensorsHeader
  private let positions: [String: Int]

  /// The tensors' names, in the order of their bytes.
  public let tensorNames: [String]

  /// The file at a path.
  public init(path: String) throws {
    try self.init(FileContents(path: path))
  }

  /// A file whose contents are mapped or in memory.
  public init(_ contents: FileContents) throws {
    self.contents = contents
    header = try contents.withUnsafeBytes {
      try SafetensorsHeader(parsing: $0, file: contents.name)
    }
    tensorNames = header.entries.map(\.name)
    positions = Dictionary(
      uniqueKeysWithValues: tensorNames.enumerated().map { ($0.element, $0.offset) })
  }

  /// The file's name, for messages.
  public var name: String { contents.name }

  /// Text stored with the tensors, by key.
  public var metadata: [String: String] { header.metadata }

  /// The element type and shape of a tensor; nil when there is none of that name.
  public func description(of tensor: String) -> TensorDescription? {
    positions[tensor].map { header.entries[$0] }
      .map {
        TensorDescription(
          elementType: $0.type.elementType, shape: $0.shape, isBfloat16: $0.type == .bfloat16)
      }
  }

  /// How the file names the type that a tensor's elements are stored as: `F32`, `BF16`, `I64`.
  public func storedType(of tensor: String) -> String? {
    positions[tensor].map { header.entries[$0].type.rawValue }
  }

  /// Calls `body` with a tensor's bytes as they are stored, in place.
  ///
  /// They are valid only during the call, and aligned to nothing.
  public func withUnsafeBytes<Result>(
    of tensor: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard let position = positions[tensor] else { throw missing(tensor) }
    return try contents.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[header.entries[position].range]))
    }
  }

  /// The values of a tensor: floats of every width as float32, integers as int32.
  public func tensor(named tensor: String) throws -> TensorData {
    guard let position = positions[tensor] else { throw missing(tensor) }
    let entry = header.entries[position]
    do {
      let elements = try withUnsafeBytes(of: tensor) { try entry.type.decode($0) }
      return try TensorData(shape: entry.shape, elements: elements)
    } catch let error as UnrepresentableValue {
      throw FormatError(file: name, subject: "tensor \(tensor)", reason: error.description)
    }
  }
}
