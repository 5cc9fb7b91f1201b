/// A tensor's values on the host: dense, row-major.
public struct TensorData: Hashable, Sendable {
  /// The values, in row-major order, as the type of element they have.
  public enum Elements: Hashable, Sendable {
    case float32([Float])
    case int32([Int32])
    case bool([Bool])
  }

  /// The length of each axis, outermost first; empty for a scalar.
  public let shape: [Int]

  /// As many values as the shape has elements.
  public let elements: Elements

  /// A tensor of these values, when there are as many as the shape says.
  public init(shape: [Int], elements: Elements) throws {
    guard let count = Self.count(of: shape), count == elements.count else {
      throw TensorDataError(shape: shape, count: elements.count)
    }
    self.shape = shape
    self.elements = elements
  }

  /// A tensor of float32 values.
  public static func float32(_ values: [Float], shape: [Int]) throws -> TensorData {
    try TensorData(shape: shape, elements: .float32(values))
  }

  /// A tensor of int32 values.
  public static func int32(_ values: [Int32], shape: [Int]) throws -> TensorData {
    try TensorData(shape: shape, elements: .int32(values))
  }

  /// A tensor of booleans.
  public static func bool(_ values: [Bool], shape: [Int]) throws -> TensorData {
    try TensorData(shape: shape, elements: .bool(values))
  }

  /// How many elements there are.
  public var count: Int { elements.count }

  /// The type of every element.
  public var elementType: ElementType {
    switch elements {
    case .float32: .float32
    case .int32: .int32
    case .bool: .bool
    }
  }

  /// How many elements a shape has: nil when a length is negative or the product overflows.
  public static func count(of shape: [Int]) -> Int? {
    var count = 1
    for length in shape {
      guard length >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }
}

extension TensorData.Elements {
  /// How many values there are.
  public var count: Int {
    switch self {
    case .float32(let values): values.count
    case .int32(let values): values.count
    case .bool(let values): values.count
    }
  }
}

/// A shape that does not hold the number of values given with it.
public struct TensorDataError: Error, CustomStringConvertible {
  /// The shape.
  public let shape: [Int]

  /// How many values there were.
  public let count: Int

  /// What is wrong, in one line.
  public var description: String { "shape \(shape) does not hold \(count) values" }
}
