/// What gradient rules build with: a graph that already holds the forward nodes, and shorthands.
///
/// A rule gets the gradients of a loss with respect to a node's results (nil where there is none)
/// and gives those with respect to its operands (nil where there is none).
public struct GradientBuilder {
  /// The graph, forward nodes first.
  public var graph: Graph
  /// The origin of what is emitted: that of the forward node.
  public var origin = Origin.unknown

  /// Creates a builder that goes on with a graph.
  public init(_ graph: Graph) { self.graph = graph }

  /// The type of a value.
  public func type(of value: Value) -> TensorType { graph.type(of: value) }

  /// Adds an operation of one result.
  public mutating func emit(
    _ operation: Operation, _ operands: Value..., name: String? = nil
  ) throws(TypeError) -> Value {
    try graph.append(operation, operands, names: name.map { [$0] } ?? [], origin: origin)[0]
  }

  /// A number, of rank 0.
  public mutating func constant(_ value: Double) throws(TypeError) -> Value {
    try emit(.constant(Constant(value)))
  }

  /// Zeros of a type.
  public mutating func zeros(_ type: TensorType) throws(TypeError) -> Value {
    try emit(.constant(Constant(0, type.elementType, shape: type.shape)), name: "zeros")
  }

  /// The sum of two gradients.
  public mutating func sum(_ left: Value?, _ right: Value?) throws(TypeError) -> Value? {
    guard let left else { return right }
    guard let right else { return left }
    return try emit(.binary(.add), left, right)
  }

  /// The product, element by element.
  public mutating func multiply(_ left: Value, _ right: Value) throws(TypeError) -> Value {
    try emit(.binary(.multiply), left, right)
  }

  /// The product with a number.
  public mutating func multiply(_ left: Value, _ factor: Double) throws(TypeError) -> Value {
    if factor == 1 { return left }
    return try emit(.binary(.multiply), left, constant(factor))
  }

  /// A gradient summed over the axes along which an operand of a type was stretched.
  public mutating func unbroadcast(
    _ gradient: Value, to type: TensorType
  ) throws(TypeError) -> Value {
    let from = self.type(of: gradient)
    let added = from.rank - type.rank
    var axes = Array(0..<added)
    for axis in type.shape.indices where type.shape[axis] == 1 && from.shape[axis + added] != 1 {
      axes.append(axis + added)
    }
    guard !axes.isEmpty else { return gradient }
    let reduced = try emit(.reduce(Reduce(.sum, axes: axes)), gradient)
    return try reshape(reduced, to: type.shape)
  }

  /// The value under another shape, if it has another.
  public mutating func reshape(
    _ value: Value, to shape: [Dimension]
  ) throws(TypeError) -> Value {
    type(of: value).shape == shape ? value : try emit(.reshape(Reshape(shape)), value)
  }

  /// The value with its last two axes exchanged.
  public mutating func transposed(_ value: Value) throws(TypeError) -> Value {
    let rank = type(of: value).rank
    return try emit(
      .transpose(Transpose(Array(0..<rank - 2) + [rank - 1, rank - 2])), value)
  }
}
