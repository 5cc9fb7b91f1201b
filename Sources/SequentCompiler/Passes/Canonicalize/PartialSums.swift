import SequentIR

/// Sums of tensors that are zero but for a part, as gradients of slices are.
///
/// add (update_slice 0, x), (update_slice 0, y) = update_slice (update_slice 0, x), y for parts that do
/// not overlap; parts that cover all of it are a concatenation, and take no zeros.
func simplifiedPartialSum(
  _ operation: Operation, _ operands: [Value], in graph: Graph
) -> Simplification? {
  switch operation {
  case .binary(.add):
    guard graph.type(of: operands[0]) == graph.type(of: operands[1]) else { return nil }
    return joined(operands[0], operands[1], in: graph)
      ?? joined(operands[1], operands[0], in: graph)
  case .updateSlice(let update):
    guard var parts = Parts(operands[0], axis: update.axis, in: graph) else { return nil }
    parts.pieces.append(Parts.Piece(start: update.start, value: operands[1]))
    return parts.covering(graph.type(of: operands[0]).shape[update.axis], in: graph).map {
      .node(.concatenate(Concatenate(axis: update.axis)), $0)
    }
  default:
    return nil
  }
}

/// The sum of two, the second of which is one part among zeros.
private func joined(_ base: Value, _ other: Value, in graph: Graph) -> Simplification? {
  guard let node = graph.producer(of: other), case .updateSlice(let update) = node.operation,
    graph.splat(of: node.operands[0]) == 0,
    let parts = Parts(base, axis: update.axis, in: graph), !parts.pieces.isEmpty
  else { return nil }
  let piece = Parts.Piece(start: update.start, value: node.operands[1])
  guard parts.areApart(from: piece, in: graph) else { return nil }
  return .node(.updateSlice(update), [base, piece.value])
}

/// What was put among zeros along one axis.
private struct Parts {
  struct Piece {
    let start: Dimension
    let value: Value
  }

  let axis: Int
  var pieces: [Piece] = []

  /// Nil if a value is anything else.
  init?(_ value: Value, axis: Int, in graph: Graph) {
    self.axis = axis
    var rest = value
    while graph.splat(of: rest) != 0 {
      guard let node = graph.producer(of: rest), case .updateSlice(let update) = node.operation,
        update.axis == axis
      else { return nil }
      pieces.append(Piece(start: update.start, value: node.operands[1]))
      rest = node.operands[0]
    }
  }

  private func end(of piece: Piece, in graph: Graph) -> Dimension {
    piece.start + graph.type(of: piece.value).shape[axis]
  }

  func areApart(from other: Piece, in graph: Graph) -> Bool {
    pieces.allSatisfy { piece in
      isAhead(piece, of: other, in: graph) || isAhead(other, of: piece, in: graph)
    }
  }

  private func isAhead(_ left: Piece, of right: Piece, in graph: Graph) -> Bool {
    right.start.subtracting(end(of: left, in: graph)).map { $0.constant >= 0 } ?? false
  }

  /// The values in order, if each begins where the one before ends, and the last ends at `size`.
  func covering(_ size: Dimension, in graph: Graph) -> [Value]? {
    var (rest, values) = (pieces, [Value]())
    var position: Dimension = 0
    while let index = rest.firstIndex(where: { $0.start == position }) {
      position = end(of: rest[index], in: graph)
      values.append(rest.remove(at: index).value)
    }
    return rest.isEmpty && position == size ? values : nil
  }
}
