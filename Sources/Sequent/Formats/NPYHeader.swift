import SequentIR

/// The header of a .npy file: the magic, the version, and a Python dictionary such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct NPYHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Enough for any plain array: version 2 has longer ones for structured arrays only.
  static let maximumLength = 1 << 16

  /// As many axes as numpy's arrays can have.
  static let maximumRank = 64

  /// The bytes that are needed to know how long the header is.
  static let prefixLength = 12

  let type: StoredElementType
  let isColumnMajor: Bool
  let shape: [Int]

  /// Where the elements start in the file.
  let dataStart: Int

  /// How many bytes the elements take.
  let dataSize: Int

  /// Where the elements start, from the first `prefixLength` bytes of a file (or all, if fewer).
  static func dataStart(_ prefix: UnsafeRawBufferPointer) throws -> Int {
    guard prefix.starts(with: magic) else { throw NPYError("not a .npy array") }
    guard prefix.count >= 10 else { throw NPYError("truncated: \(prefix.count) bytes") }
    let version = prefix[6]
    guard (1...3).contains(version) else {
      throw NPYError("version \(version) of the .npy format is not known; 1 to 3 are")
    }
    guard version == 1 || prefix.count >= 12 else {
      throw NPYError("truncated: \(prefix.count) bytes")
    }
    let length =
      version == 1
      ? Int(UInt16(littleEndian: prefix.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
      : Int(UInt32(littleEndian: prefix.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    guard length <= maximumLength else {
      throw NPYError("a header of \(length) bytes; plain arrays have at most \(maximumLength)")
    }
    return (version == 1 ? 10 : 12) + length
  }

  /// Parses the header at the start of these bytes.
  init(parsing bytes: UnsafeRawBufferPointer) throws {
    dataStart = try Self.dataStart(UnsafeRawBufferPointer(rebasing: bytes.prefix(12)))
    guard dataStart <= bytes.count else {
      throw NPYError("truncated: a header that ends at \(dataStart) in \(bytes.count) bytes")
    }
    let start = bytes[6] == 1 ? 10 : 12
    var parser = PythonLiteralParser(UnsafeRawBufferPointer(rebasing: bytes[start..<dataStart]))
    let dictionary = try parser.parse()

    guard dictionary.count == 3, let descriptor = dictionary["descr"],
      let order = dictionary["fortran_order"], let axes = dictionary["shape"]
    else { throw NPYError("its header does not have just descr, fortran_order and shape") }
    guard case .string(let code) = descriptor else { throw NPYError("descr is not a string") }
    guard case .bool(let isColumnMajor) = order else {
      throw NPYError("fortran_order is neither True nor False")
    }
    guard case .tuple(let shape) = axes else { throw NPYError("shape is not a tuple of lengths") }
    guard shape.count <= Self.maximumRank else {
      throw NPYError("\(shape.count) axes; numpy has at most \(Self.maximumRank)")
    }
    type = try Self.type(code)
    guard let count = TensorData.count(of: shape), count <= Int.max / type.size else {
      throw NPYError("shape \(shape) has more elements than a file can hold")
    }
    self.isColumnMajor = isColumnMajor
    self.shape = shape
    dataSize = count * type.size
  }

  private static let types: [String: StoredElementType] = [
    "b1": .bool, "u1": .uint8, "i1": .int8, "u2": .uint16, "i2": .int16, "u4": .uint32,
    "i4": .int32, "u8": .uint64, "i8": .int64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]

  /// The type that numpy's code means, such as `<f4`: byte order, kind, size.
  private static func type(_ code: String) throws -> StoredElementType {
    guard code.first != ">" else { throw NPYError("elements '\(code)' are big-endian") }
    guard let order = code.first, "<|=".contains(order), let type = types[String(code.dropFirst())]
    else { throw NPYError("elements '\(code)' are not supported") }
    return type
  }

  /// The code that numpy has for a type that Sequent writes.
  static func code(_ type: ElementType) -> String {
    switch type {
    case .float32: "<f4"
    case .int32: "<i4"
    case .bool: "|b1"
    }
  }
}

/// What is wrong with an array; the reader of the file adds which one it is.
struct NPYError: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
