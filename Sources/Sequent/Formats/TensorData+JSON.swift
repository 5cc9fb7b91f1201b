import SequentIR

extension TensorData {
  /// The tensor that nested JSON arrays are, with elements of the type that is wanted.
  ///
  /// `name` is what messages call the text. A number alone is a scalar, `[]` has shape `[0]`.
  public init(json: JSON, elementType: ElementType, name: String = "JSON") throws {
    var shape: [Int] = []
    var first = json
    while case .array(let values) = first {
      shape.append(values.count)
      guard let next = values.first else { break }
      first = next
    }
    var reader = NestedArrayReader(name: name, shape: shape)
    let elements: Elements
    switch elementType {
    case .float32: elements = .float32(try reader.read(json, JSON.float32, "a float32"))
    case .int32: elements = .int32(try reader.read(json, JSON.int32, "an int32"))
    case .bool: elements = .bool(try reader.read(json, \.bool, "a boolean"))
    }
    try self.init(shape: shape, elements: elements)
  }

  /// The tensor as nested JSON arrays; a scalar is its value.
  public var json: JSON {
    var start = 0
    return json(axis: 0, from: &start)
  }

  private func json(axis: Int, from position: inout Int) -> JSON {
    guard axis < shape.count else {
      defer { position += 1 }
      return elements.json(at: position)
    }
    var values: [JSON] = []
    for _ in 0..<shape[axis] { values.append(json(axis: axis + 1, from: &position)) }
    return .array(values)
  }
}

extension TensorData.Elements {
  /// One element; a float32 by its own shortest decimal, not by that of the double it equals.
  fileprivate func json(at index: Int) -> JSON {
    switch self {
    case .float32(let values): .number(Double(values[index].description) ?? .nan)
    case .int32(let values): .integer(Int(values[index]))
    case .bool(let values): .bool(values[index])
    }
  }
}

extension JSON {
  /// The value as a float32, unless it is no number or too large for one.
  fileprivate static func float32(_ value: JSON) -> Float? {
    value.number.map { Float($0) }.flatMap { $0.isFinite ? $0 : nil }
  }

  fileprivate static func int32(_ value: JSON) -> Int32? {
    value.integer.flatMap { Int32(exactly: $0) }
  }
}

/// Flattens nested arrays, and says where they don't have the shape of their first elements.
private struct NestedArrayReader {
  let name: String
  let shape: [Int]
  private var path: [Int] = []

  init(name: String, shape: [Int]) {
    self.name = name
    self.shape = shape
  }

  mutating func read<Element>(
    _ value: JSON, _ element: (JSON) -> Element?, _ wanted: String
  ) throws -> [Element] {
    var elements: [Element] = []
    try append(value, to: &elements, element, wanted)
    return elements
  }

  private mutating func append<Element>(
    _ value: JSON, to elements: inout [Element], _ element: (JSON) -> Element?, _ wanted: String
  ) throws {
    guard path.count < shape.count else {
      guard let scalar = element(value) else { throw error("\(value.brief) is not \(wanted)") }
      elements.append(scalar)
      return
    }
    let expected = shape[path.count]
    guard case .array(let values) = value else {
      throw error("\(value.brief) where an array of length \(expected) is expected")
    }
    guard values.count == expected else {
      throw error("an array of length \(values.count) where \(expected) is expected")
    }
    path.append(0)
    for (index, value) in values.enumerated() {
      path[path.count - 1] = index
      try append(value, to: &elements, element, wanted)
    }
    path.removeLast()
  }

  private func error(_ reason: String) -> FormatError {
    let place = path.map { "[\($0)]" }.joined()
    return FormatError(file: name, subject: place.isEmpty ? nil : "at \(place)", reason: reason)
  }
}
