import SequentIR

/// A value and the operations of one operand that bring it into an operation's form.
struct AttentionOperand {
  private(set) var value: Value
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

  /// Keys or values `[batch, keyHeads, keys, width]`, where this is every head of them repeated for
  /// the heads of queries that share it.
  func ungrouped(in graph: Graph) -> AttentionOperand? {
    guard steps.isEmpty, let joined = graph.producer(of: value), case .reshape = joined.operation,
      let repeated = graph.producer(of: joined.operands[0]),
      case .broadcast(let broadcast) = repeated.operation,
      let opened = graph.producer(of: repeated.operands[0]), case .reshape = opened.operation
    else { return nil }
    let heads = AttentionOperand(opened.operands[0], in: graph)
    var shape = heads.type.shape
    guard shape.count == 4, type.rank == 4, broadcast.shape.count == 5 else { return nil }
    shape.insert(1, at: 2)
    guard graph.type(of: opened.results[0]).shape == shape else { return nil }
    shape[2] = broadcast.shape[2]
    return shape == broadcast.shape ? heads : nil
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
