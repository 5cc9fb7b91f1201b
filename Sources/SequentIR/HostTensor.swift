/// A tensor of the reference evaluator: dense, row-major, every element a double.
///
/// Doubles hold every i32 and f32 exactly; booleans are 1 and 0.
public struct HostTensor: Hashable, Sendable {
  /// What an element stands for.
  public let elementType: ElementType
  /// The size of every axis.
  public let shape: [Int]
  /// The elements, last axis fastest.
  public var values: [Double]

  /// Creates a tensor.
  public init(_ elementType: ElementType, _ shape: [Int], _ values: [Double]) {
    precondition(values.count == shape.reduce(1, *), "element count and shape differ")
    self.elementType = elementType
    self.shape = shape
    self.values = values
  }

  /// Creates a tensor of one repeated value.
  public init(_ elementType: ElementType, _ shape: [Int], repeating value: Double) {
    self.init(elementType, shape, Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// Creates a tensor from an element for every position.
  public init(
    _ elementType: ElementType, _ shape: [Int], _ element: ([Int]) -> Double
  ) {
    var values: [Double] = []
    values.reserveCapacity(shape.reduce(1, *))
    forEachIndex(shape) { values.append(element($0)) }
    self.init(elementType, shape, values)
  }

  /// Creates a tensor from runtime data.
  public init(_ data: TensorData) {
    switch data.elements {
    case .float32(let floats): self.init(.float32, data.shape, floats.map(Double.init))
    case .int32(let integers): self.init(.int32, data.shape, integers.map(Double.init))
    case .bool(let flags): self.init(.bool, data.shape, flags.map { $0 ? 1 : 0 })
    }
  }

  /// The element at a position.
  public subscript(index: [Int]) -> Double {
    get { values[offset(index)] }
    set { values[offset(index)] = newValue }
  }

  /// The element at a position of a shape that this one is stretched to.
  func broadcast(_ index: [Int]) -> Double {
    var offset = 0
    let skipped = index.count - shape.count
    for axis in shape.indices {
      offset = offset * shape[axis] + (shape[axis] == 1 ? 0 : index[axis + skipped])
    }
    return values[offset]
  }

  private func offset(_ index: [Int]) -> Int {
    var offset = 0
    for axis in shape.indices { offset = offset * shape[axis] + index[axis] }
    return offset
  }
}

/// Calls `body` with every index of a shape, last axis fastest.
public func forEachIndex(_ shape: [Int], _ body: ([Int]) throws -> Void) rethrows {
  guard shape.allSatisfy({ $0 > 0 }) else { return }
  var index = Array(repeating: 0, count: shape.count)
  while true {
    try body(index)
    var axis = shape.count - 1
    while axis >= 0 {
      index[axis] += 1
      if index[axis] < shape[axis] { break }
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}

/// What went wrong while a graph was evaluated.
public struct EvaluationError: Error, Hashable, CustomStringConvertible {
  /// What and where.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}
