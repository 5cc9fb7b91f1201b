import SequentIR

extension TensorData {
  /// The array in a .npy file: floats of every width as float32, integers as int32.
  public init(npy contents: FileContents) throws {
    do {
      self = try contents.withUnsafeBytes { try TensorData(npy: $0) }
    } catch let error as NPYError {
      throw FormatError(file: contents.name, reason: error.reason)
    }
  }

  /// The array that these bytes are; throws `NPYError`.
  init(npy bytes: UnsafeRawBufferPointer) throws {
    let header = try NPYHeader(parsing: bytes)
    let available = bytes.count - header.dataStart
    guard available == header.dataSize else {
      let what = available < header.dataSize ? "truncated" : "too long"
      throw NPYError(
        "\(what): \(available) bytes for shape \(header.shape) of \(header.type.rawValue), which "
          + "takes \(header.dataSize)")
    }
    do {
      let elements = try header.type.decode(
        UnsafeRawBufferPointer(rebasing: bytes[header.dataStart...]))
      try self.init(
        shape: header.shape,
        elements: header.isColumnMajor ? elements.rowMajor(shape: header.shape) : elements)
    } catch let error as UnrepresentableValue {
      throw NPYError(error.description)
    }
  }

  /// Writes the array to a .npy file (version 1), in the path's place when it is complete.
  public func writeNPY(to path: String) throws {
    let header = try npyHeader(file: path)
    try replaceFile(at: path) { file in
      try file.write(header)
      try elements.withStoredBytes { try file.write($0) }
    }
  }

  /// The header of the array as a .npy file, padded so that the elements start at a multiple of 64.
  func npyHeader(file: String) throws -> [UInt8] {
    guard shape.count <= NPYHeader.maximumRank else {
      throw FormatError(
        file: file, reason: "\(shape.count) axes; numpy has at most \(NPYHeader.maximumRank)")
    }
    let axes = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let code = NPYHeader.code(elementType)
    var text = "{'descr': '\(code)', 'fortran_order': False, 'shape': (\(axes)), }"
    let unpadded = NPYHeader.magic.count + 4 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = UInt16(text.utf8.count)
    return NPYHeader.magic + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }
}

extension TensorData.Elements {
  /// The elements of a column-major array (the first axis varies fastest), in row-major order.
  fileprivate func rowMajor(shape: [Int]) -> Self {
    switch self {
    case .float32(let values): .float32(reordered(values, shape))
    case .int32(let values): .int32(reordered(values, shape))
    case .bool(let values): .bool(reordered(values, shape))
    }
  }
}

private func reordered<Element>(_ values: [Element], _ shape: [Int]) -> [Element] {
  var strides: [Int] = []
  var stride = 1
  for length in shape {
    strides.append(stride)
    stride *= length
  }
  return StridedView(shape: shape, strides: strides).elements(of: values)
}
