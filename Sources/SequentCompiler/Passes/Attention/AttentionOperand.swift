import SequentIR

/// A value and the operations of one operand that bring it into an operation's form.
struct AttentionOperand {
  let value: Value
  private(set) var type: TensorType
  private var steps: [Operation] = []

  init(_ value: Value, in graph: Graph) {
    (self.value, type) = (value, graph.type(of: value))
  }

  /// The shape, another one with as many elements.
  mutating func reshape(to shape: [Dimension]) {
    guard type.shape != shape else { return }
    steps.append(.reshape(Reshape(shape)))
    type = TensorType(type.elementType, shape)
  }

  /// The axes in another order.
  mutating func transpose(_ transpose: Transpose) {
    steps.append(.transpose(transpose))
    type = TensorType(type.elementType, transpose.axes.map { type.shape[$0] })
  }

  /// The last two axes exchanged.
  mutating func transpose() {
    let last = type.rank - 1
    transpose(Transpose(Array(0..<last - 1) + [last, last - 1]))
  }

  /// Heads before the last two axes, and the batch before them, as far as they are missing.
  mutating func addHeads() {
    let shape = type.shape
    switch shape.count {
    case 2: reshape(to: [1, 1] + shape)
    case 3: reshape(to: [shape[0], 1] + shape.dropFirst())
    default: break
    }
  }

  /// Axes of size 1 stretched.
  mutating func stretch(axis: Int, to size: Dimension) {
    guard type.shape[axis] != size else { return }
    var shape = type.shape
    shape[axis] = size
    steps.append(.broadcast(Broadcast(shape)))
    type = TensorType(type.elementType, shape)
  }

  /// The operand in the new graph.
  func build(_ rewriter: inout GraphRewriter, _ origin: Origin) throws -> Value {
    var result = try rewriter.value(value)
    for step in steps { result = try rewriter.append(step, result, origin: origin) }
    return result
  }
}
