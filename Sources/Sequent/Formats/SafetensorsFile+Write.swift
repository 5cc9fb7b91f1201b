import SequentIR

extension SafetensorsFile {
  /// Writes tensors and metadata to a file, one tensor in memory at a time.
  ///
  /// The file at `path` is replaced when everything is on the disk, and only then.
  public static func write(
    _ tensors: some TensorSource, metadata: [String: String] = [:], to path: String
  ) throws {
    let layout = try Layout(of: tensors, file: path)
    try replaceFile(at: path) { file in
      try file.write(try layout.header(metadata: metadata, file: path))
      for entry in layout.entries {
        let tensor = try tensors.tensor(named: entry.name)
        guard tensor.shape == entry.shape, tensor.elementType == entry.type.elementType
        else {
          throw FormatError(
            file: path, subject: "tensor \(entry.name)",
            reason: "\(tensors.name) describes it as \(entry.type.rawValue) \(entry.shape) and "
              + "holds \(StoredElementType(tensor.elementType).rawValue) \(tensor.shape)")
        }
        try tensor.elements.withStoredBytes(as: entry.type) { try file.write($0) }
      }
    }
  }
}

/// Which tensor goes where: those with larger elements first, so that all of them are aligned.
private struct Layout {
  /// The tensors in their order in the file; ranges count from the start of the data.
  let entries: [SafetensorsHeader.Entry]

  init(of tensors: some TensorSource, file: String) throws {
    var described: [(name: String, type: StoredElementType, shape: [Int], size: Int)] = []
    for name in tensors.tensorNames {
      guard name != "__metadata__" else {
        throw FormatError(
          file: file, subject: "tensor \(name)", reason: "safetensors reserves this name")
      }
      guard let description = tensors.description(of: name) else { throw tensors.missing(name) }
      let type = StoredElementType(description)
      guard let count = TensorData.count(of: description.shape) else {
        throw FormatError(
          file: file, subject: "tensor \(name)", reason: "no tensor has shape \(description.shape)")
      }
      described.append((name, type, description.shape, count * type.size))
    }
    var position = 0
    let sorted = [4, 2, 1].flatMap { size in described.filter { $0.type.size == size } }
    entries = sorted.map { tensor in
      defer { position += tensor.size }
      return SafetensorsHeader.Entry(
        name: tensor.name, type: tensor.type, shape: tensor.shape,
        range: position..<position + tensor.size)
    }
  }

  /// The length and the header, padded with spaces so that the data start at a multiple of 8.
  func header(metadata: [String: String], file: String) throws -> [UInt8] {
    var members = entries.map { entry in
      JSON.Member(
        name: entry.name,
        value: .object([
          JSON.Member(name: "dtype", value: .string(entry.type.rawValue)),
          JSON.Member(name: "shape", value: .array(entry.shape.map(JSON.integer))),
          JSON.Member(
            name: "data_offsets",
            value: .array([.integer(entry.range.lowerBound), .integer(entry.range.upperBound)])),
        ]))
    }
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key < $1.key }
        .map { JSON.Member(name: $0.key, value: .string($0.value)) }
      members.insert(JSON.Member(name: "__metadata__", value: .object(sorted)), at: 0)
    }
    var text = Array(JSON.object(members).description.utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    guard text.count <= SafetensorsHeader.maximumLength else {
      throw FormatError(
        file: file,
        reason: "its header would be \(text.count) bytes long, and safetensors readers accept "
          + "\(SafetensorsHeader.maximumLength)")
    }
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    return length + text
  }
}
