import SequentIR

/// A condition on positions that kernels know: keys up to a query's own, or before a row's length.
enum PositionComparison {
  /// key ≤ position along an axis of the scores + offset
  case causal(offset: Dimension, axis: Int)
  /// key < lengths[row]
  case length(Value)

  /// Recognises a condition that stretches to scores of a rank, whose last axis is the keys'.
  init?(_ condition: Value, rank: Int, in graph: Graph) {
    // Axes of size 1 put in behind the comparison.
    var (comparison, shapes) = (condition, [graph.type(of: condition).shape])
    while let node = graph.producer(of: comparison), case .reshape = node.operation {
      comparison = node.operands[0]
      shapes.append(graph.type(of: comparison).shape)
    }
    guard let node = graph.producer(of: comparison), case .compare(let compare) = node.operation
    else { return nil }
    let (left, right) = (node.operands[0], node.operands[1])
    let sides: (key: Value, limit: Value, isStrict: Bool)
    switch compare {
    case .less: sides = (left, right, true)
    case .lessOrEqual: sides = (left, right, false)
    case .greater: sides = (right, left, true)
    case .greaterOrEqual: sides = (right, left, false)
    case .equal, .notEqual: return nil
    }
    /// The axis of the scores that an axis of a side is.
    func scoreAxis(_ axis: Int, of side: Value) -> Int? {
      let inner = shapes[shapes.count - 1]
      var axis = axis + inner.count - graph.type(of: side).rank
      for (from, to) in zip(shapes.reversed(), shapes.reversed().dropFirst()) {
        guard let next = Self.axis(axis, of: from, in: to) else { return nil }
        axis = next
      }
      return axis + rank - shapes[0].count
    }
    guard let key = graph.position(of: sides.key),
      scoreAxis(key.axis, of: sides.key) == rank - 1
    else { return nil }
    if let query = graph.position(of: sides.limit),
      let axis = scoreAxis(query.axis, of: sides.limit),
      let offset = query.start.subtracting(key.start + (sides.isStrict ? 1 : 0)),
      offset.constant >= 0
    {
      self = .causal(offset: offset, axis: axis)
      return
    }
    if sides.isStrict, key.start == 0, let lengths = graph.vector(under: sides.limit),
      scoreAxis(lengths.axis, of: sides.limit) == 0
    {
      self = .length(lengths.value)
      return
    }
    return nil
  }

  /// Where an axis is after a reshape that adds or takes away axes of size 1.
  static func axis(_ axis: Int, of from: [Dimension], in to: [Dimension]) -> Int? {
    let (before, after) = (from.indices.filter { from[$0] != 1 }, to.indices.filter { to[$0] != 1 })
    guard before.map({ from[$0] }) == after.map({ to[$0] }),
      let position = before.firstIndex(of: axis)
    else { return nil }
    return after[position]
  }
}

extension Graph {
  /// The axis along which a value counts positions, and where it starts.
  fileprivate func position(of value: Value) -> (axis: Int, start: Dimension)? {
    guard let node = producer(of: value), type(of: value).elementType == .int32 else { return nil }
    let shape = type(of: value).shape
    switch node.operation {
    case .iota(let iota):
      return (iota.axis, 0)
    case .reshape:
      guard let inner = position(of: node.operands[0]),
        let axis = PositionComparison.axis(
          inner.axis, of: type(of: node.operands[0]).shape, in: shape)
      else { return nil }
      return (axis, inner.start)
    case .broadcast:
      guard let inner = position(of: node.operands[0]) else { return nil }
      return (inner.axis + shape.count - type(of: node.operands[0]).rank, inner.start)
    case .slice(let slice):
      guard let inner = position(of: node.operands[0]) else { return nil }
      return (inner.axis, slice.axis == inner.axis ? inner.start + slice.start : inner.start)
    case .binary(.add):
      for (x, number) in orders(of: .add, giving: value) {
        guard let number = splat(of: number), let whole = Int(exactly: number),
          let inner = position(of: x), type(of: x).rank == shape.count
        else { continue }
        return (inner.axis, inner.start + Dimension(constant: whole))
      }
      return nil
    default:
      return nil
    }
  }

  /// The vector that a value is, up to axes of size 1 around its own, and where that is.
  fileprivate func vector(under value: Value) -> (value: Value, axis: Int)? {
    let type = type(of: value)
    guard type.elementType == .int32 else { return nil }
    if type.rank == 1 { return (value, 0) }
    guard let node = producer(of: value), case .reshape = node.operation,
      let inner = vector(under: node.operands[0]),
      let axis = PositionComparison.axis(
        inner.axis, of: self.type(of: node.operands[0]).shape, in: type.shape)
    else { return nil }
    return (inner.value, axis)
  }
}
