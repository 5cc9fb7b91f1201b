import SequentIR

extension TensorData {
  /// The tensor in a shape whose axes may be longer or shorter: what it lacks is zero, what is too
  /// much is left out.
  func resized(to shape: [Int]) throws -> TensorData {
    switch elements {
    case .float32(let values):
      return try .float32(resize(values, self.shape, shape, 0), shape: shape)
    case .int32(let values):
      return try .int32(resize(values, self.shape, shape, 0), shape: shape)
    case .bool(let values):
      return try .bool(resize(values, self.shape, shape, false), shape: shape)
    }
  }

  /// The rows (blocks of the first axis) of these numbers, in their order.
  func rows(_ numbers: [Int]) throws -> TensorData {
    let shape = [numbers.count] + self.shape.dropFirst()
    let size = self.shape.dropFirst().reduce(1, *)
    func picked<Element>(_ values: [Element]) -> [Element] {
      numbers.flatMap { values[$0 * size..<($0 + 1) * size] }
    }
    switch elements {
    case .float32(let values): return try .float32(picked(values), shape: shape)
    case .int32(let values): return try .int32(picked(values), shape: shape)
    case .bool(let values): return try .bool(picked(values), shape: shape)
    }
  }

  /// Whether every bit is the same, NaN payloads and signs of zero included.
  func isIdentical(to other: TensorData) -> Bool {
    guard case .float32(let left) = elements, case .float32(let right) = other.elements else {
      return self == other
    }
    return shape == other.shape
      && zip(left, right).allSatisfy { $0.bitPattern == $1.bitPattern }
  }
}

private func resize<Element>(
  _ values: [Element], _ old: [Int], _ new: [Int], _ filler: Element
) -> [Element] {
  guard let count = old.first, let wanted = new.first else { return values }
  let size = old.dropFirst().reduce(1, *)
  let empty = Array(repeating: filler, count: new.dropFirst().reduce(1, *))
  return (0..<wanted).flatMap { row in
    row < count
      ? resize(
        Array(values[row * size..<(row + 1) * size]), Array(old.dropFirst()),
        Array(new.dropFirst()), filler)
      : empty
  }
}
