import SequentIR

/// Identities of elementwise operations.
///
/// None changes a type: x + 0 stays when the zero stretches x.
func simplifiedArithmetic(
  _ operation: Operation, _ operands: [Value], in graph: Graph
) -> Simplification? {
  switch operation {
  case .unary(.negate):
    // -(-x) = x
    if let inner = graph.operand(of: .negate, giving: operands[0]) { return .value(inner) }
  case .unary(.not):
    // not not x = x
    if let inner = graph.operand(of: .not, giving: operands[0]) { return .value(inner) }
  case .binary(let function):
    if let value = identity(function, operands, in: graph) { return .value(value) }
  case .cast(let cast):
    // cast x to the type of x = x
    if graph.type(of: operands[0]).elementType == cast.elementType { return .value(operands[0]) }
  case .select:
    // select true, x, y = x;  select false, x, y = y;  select c, x, x = x
    let type = try? operation.rule.resultTypes(graph.types(of: operands)).first
    if let chosen = chosenBranch(operands, in: graph), graph.type(of: chosen) == type {
      return .value(chosen)
    }
  default:
    break
  }
  return withoutStretching(operation, operands, in: graph)
}

/// x + 0 = 0 + x = x - 0 = x,  x · 1 = 1 · x = x / 1 = x¹ = x.
private func identity(_ function: Binary, _ operands: [Value], in graph: Graph) -> Value? {
  let (left, right) = (operands[0], operands[1])
  let neutral: Double
  switch function {
  case .add, .subtract: neutral = 0
  case .multiply, .divide, .power: neutral = 1
  case .maximum, .minimum, .and, .or: return nil
  }
  let shape = try? broadcastShape(
    graph.type(of: left).shape, graph.type(of: right).shape, of: function.mnemonic)
  if graph.splat(of: right) == neutral, graph.type(of: left).shape == shape { return left }
  if function.isCommutative, graph.splat(of: left) == neutral,
    graph.type(of: right).shape == shape
  {
    return right
  }
  return nil
}

private func chosenBranch(_ operands: [Value], in graph: Graph) -> Value? {
  if operands[1] == operands[2] { return operands[1] }
  return graph.splat(of: operands[0]).map { $0 != 0 ? operands[1] : operands[2] }
}

/// Elementwise operations stretch by themselves: f(x, broadcast y) = f(x, y) where the shape stays.
private func withoutStretching(
  _ operation: Operation, _ operands: [Value], in graph: Graph
) -> Simplification? {
  switch operation {
  case .binary, .compare, .select: break
  default: return nil
  }
  let types = graph.types(of: operands)
  let result = try? operation.rule.resultTypes(types)
  for (position, operand) in operands.enumerated() {
    guard let node = graph.producer(of: operand), case .broadcast = node.operation else {
      continue
    }
    var (others, otherTypes) = (operands, types)
    others[position] = node.operands[0]
    otherTypes[position] = graph.type(of: node.operands[0])
    if (try? operation.rule.resultTypes(otherTypes)) == result { return .node(operation, others) }
  }
  return nil
}
