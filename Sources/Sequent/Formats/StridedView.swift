/// Elements of a flat array, seen as a tensor: element `[i, j, …]` is at
/// `offset + i · strides[0] + j · strides[1] + …`, with positive strides.
struct StridedView: Hashable, Sendable {
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  init(offset: Int = 0, shape: [Int], strides: [Int]) {
    self.offset = offset
    self.shape = shape
    self.strides = strides
  }

  /// All elements of a row-major array of this shape.
  init(dense shape: [Int]) {
    var strides: [Int] = []
    var stride = 1
    for length in shape.reversed() {
      strides.append(stride)
      stride &*= length  // overflows only where another length is 0, and no stride is used
    }
    self.init(shape: shape, strides: strides.reversed())
  }

  /// The elements in row-major order of the view's shape.
  func elements<Element>(of values: [Element]) -> [Element] {
    let count = shape.reduce(1, *)
    if count == values.count, self == StridedView(dense: shape) { return values }
    var elements: [Element] = []
    guard count > 0 else { return elements }
    elements.reserveCapacity(count)
    append(axis: 0, position: offset, values, to: &elements)
    return elements
  }

  private func append<Element>(
    axis: Int, position: Int, _ values: [Element], to elements: inout [Element]
  ) {
    guard axis < shape.count else { return elements.append(values[position]) }
    let positions = stride(
      from: position, to: position + shape[axis] * strides[axis], by: strides[axis])
    if axis == shape.count - 1 {
      for position in positions { elements.append(values[position]) }
    } else {
      for position in positions {
        append(axis: axis + 1, position: position, values, to: &elements)
      }
    }
  }
}
