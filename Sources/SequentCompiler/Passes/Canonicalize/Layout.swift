import SequentIR

/// Identities of operations that only move elements.
func simplifiedLayout(
  _ operation: Operation, _ operands: [Value], in graph: Graph
) -> Simplification? {
  guard let first = operands.first else { return nil }
  let (type, inner) = (graph.type(of: first), graph.producer(of: first))
  switch operation {
  case .reshape(let reshape):
    if reshape.shape == type.shape { return .value(first) }
    // reshape (reshape x) = reshape x
    if let inner, case .reshape = inner.operation { return .node(operation, inner.operands) }
  case .broadcast(let broadcast):
    if broadcast.shape == type.shape { return .value(first) }
    // broadcast (broadcast x) = broadcast x
    if let inner, case .broadcast = inner.operation { return .node(operation, inner.operands) }
  case .transpose(let transpose):
    if transpose.axes == Array(0..<type.rank) { return .value(first) }
    // transpose a (transpose b x) = transpose (b ∘ a) x
    if let inner, case .transpose(let first) = inner.operation {
      return .node(
        .transpose(Transpose(transpose.axes.map { first.axes[$0] })), inner.operands)
    }
  case .slice(let slice):
    return simplified(slice, of: first, type, inner, in: graph)
  case .concatenate(let concatenate):
    if operands.count == 1 { return .value(first) }
    return joined(concatenate, operands, in: graph)
  default:
    break
  }
  return nil
}

/// A slice of all is all; a slice of a slice is one slice; a slice of one part of a concatenation is
/// a slice of that part.
private func simplified(
  _ slice: Slice, of operand: Value, _ type: TensorType, _ inner: Node?, in graph: Graph
) -> Simplification? {
  if slice.size == type.shape[slice.axis] { return .value(operand) }
  switch inner?.operation {
  case .slice(let first)? where first.axis == slice.axis:
    return inner.map {
      .node(
        .slice(Slice(axis: slice.axis, start: first.start + slice.start, size: slice.size)),
        $0.operands)
    }
  case .concatenate(let concatenate)? where concatenate.axis == slice.axis:
    var start: Dimension = 0
    for part in inner?.operands ?? [] {
      let size = graph.type(of: part).shape[slice.axis]
      if let offset = slice.start.subtracting(start), offset.constant >= 0,
        let rest = size.subtracting(offset + slice.size), rest.constant >= 0
      {
        return .node(.slice(Slice(axis: slice.axis, start: offset, size: slice.size)), [part])
      }
      start = start + size
    }
    return nil
  default:
    return nil
  }
}

/// Parts of one value that follow each other are one part of it.
private func joined(
  _ concatenate: Concatenate, _ operands: [Value], in graph: Graph
) -> Simplification? {
  var whole: (value: Value, slice: Slice)?
  for operand in operands {
    guard let node = graph.producer(of: operand), case .slice(let part) = node.operation,
      part.axis == concatenate.axis
    else { return nil }
    guard let (value, slice) = whole else {
      whole = (node.operands[0], part)
      continue
    }
    guard node.operands[0] == value, part.start == slice.start + slice.size else { return nil }
    whole = (
      value, Slice(axis: slice.axis, start: slice.start, size: slice.size + part.size)
    )
  }
  return whole.map { .node(.slice($0.slice), [$0.value]) }
}
