import SequentIR

/// How a file stores one element, little-endian; the raw value is safetensors' name for it.
enum StoredElementType: String, CaseIterable, Sendable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case uint16 = "U16"
  case int16 = "I16"
  case uint32 = "U32"
  case int32 = "I32"
  case uint64 = "U64"
  case int64 = "I64"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"

  /// How an element in memory is stored when Sequent writes it.
  init(_ type: ElementType) {
    self =
      switch type {
      case .float32: .float32
      case .int32: .int32
      case .bool: .bool
      }
  }

  /// How a described tensor is stored when Sequent writes it.
  init(_ description: TensorDescription) {
    self = description.isBfloat16 ? .bfloat16 : StoredElementType(description.elementType)
  }

  /// The size of an element in bytes.
  var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// What an element becomes in memory.
  var elementType: ElementType {
    switch self {
    case .bool: .bool
    case .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: .int32
    case .float16, .bfloat16, .float32, .float64: .float32
    }
  }

  /// The elements that `bytes` store: a value that has no place in float32 or int32 is an error.
  func decode(_ bytes: UnsafeRawBufferPointer) throws -> TensorData.Elements {
    switch self {
    case .bool: .bool(convert(bytes) { (raw: UInt8) in raw != 0 })
    case .uint8: .int32(convert(bytes) { (raw: UInt8) in Int32(raw) })
    case .int8: .int32(convert(bytes) { (raw: Int8) in Int32(raw) })
    case .uint16: .int32(convert(bytes) { (raw: UInt16) in Int32(raw) })
    case .int16: .int32(convert(bytes) { (raw: Int16) in Int32(raw) })
    case .uint32: .int32(try convert(bytes) { (raw: UInt32) in try narrowed(raw) })
    case .int32: .int32(convert(bytes) { (raw: Int32) in raw })
    case .uint64: .int32(try convert(bytes) { (raw: UInt64) in try narrowed(raw) })
    case .int64: .int32(try convert(bytes) { (raw: Int64) in try narrowed(raw) })
    case .float16: .float32(convert(bytes) { (raw: Float16) in Float(raw) })
    case .bfloat16: .float32(convert(bytes) { (raw: UInt16) in Bfloat16.widened(raw) })
    case .float32: .float32(copy(bytes))
    case .float64: .float32(try convert(bytes) { (raw: Double) in try narrowed(raw) })
    }
  }
}

/// A stored value that float32 or int32 can't hold.
struct UnrepresentableValue: Error, CustomStringConvertible {
  let value: String
  let type: ElementType

  var description: String { "it holds \(value), which has no place in \(type.rawValue)" }
}

private func narrowed(_ value: some BinaryInteger) throws -> Int32 {
  guard let narrow = Int32(exactly: value) else {
    throw UnrepresentableValue(value: "\(value)", type: .int32)
  }
  return narrow
}

/// Rounds to float32; infinities and NaN stay, but a finite value must not become infinite.
private func narrowed(_ value: Double) throws -> Float {
  let narrow = Float(value)
  guard narrow.isFinite || !value.isFinite else {
    throw UnrepresentableValue(value: "\(value)", type: .float32)
  }
  return narrow
}

/// Elements of a file are aligned to nothing.
private func convert<Raw: BitwiseCopyable, Element>(
  _ bytes: UnsafeRawBufferPointer, _ transform: (Raw) throws -> Element
) rethrows -> [Element] {
  let size = MemoryLayout<Raw>.size
  return try [Element](unsafeUninitializedCapacity: bytes.count / size) { elements, count in
    for index in 0..<bytes.count / size {
      let raw = bytes.loadUnaligned(fromByteOffset: index * size, as: Raw.self)
      elements.initializeElement(at: index, to: try transform(raw))
      count = index + 1
    }
  }
}

private func copy(_ bytes: UnsafeRawBufferPointer) -> [Float] {
  [Float](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Float>.size) { elements, count in
    count = bytes.count / MemoryLayout<Float>.size
    UnsafeMutableRawBufferPointer(elements).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count * MemoryLayout<Float>.size)))
  }
}

extension TensorData.Elements {
  /// Calls `body` with the elements as a file stores them: four bytes each, two where the type is
  /// bfloat16, a boolean in one.
  func withStoredBytes<Result>(
    as type: StoredElementType? = nil, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    switch self {
    case .float32(let values) where type == .bfloat16:
      try values.map(Bfloat16.nearest).withUnsafeBytes(body)
    case .float32(let values): try values.withUnsafeBytes(body)
    case .int32(let values): try values.withUnsafeBytes(body)
    case .bool(let values): try values.map { UInt8($0 ? 1 : 0) }.withUnsafeBytes(body)
    }
  }
}
