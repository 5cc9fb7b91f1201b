import SequentIR

/// Constants of more elements are left alone: folding them would only make the module larger.
private let foldingLimit = 256

/// The constant that a node gives, when all its operands are constants.
///
/// A repeated value stays one number through elementwise operations and changes of shape, whatever
/// the size; other constants fold up to `foldingLimit` elements. The stretching of a number stays:
/// elementwise operations do without it, and its full shape is nobody's constant.
func folded(_ operation: Operation, _ operands: [Value], in graph: Graph) -> Constant? {
  if case .broadcast = operation { return nil }
  guard !operands.isEmpty,
    let type = try? operation.rule.resultTypes(graph.types(of: operands)).first
  else { return nil }
  if let splat = foldedSplat(operation, operands, in: graph) {
    return Constant(splat, type.elementType, shape: type.shape)
  }
  guard let sizes = type.staticShape, (1...foldingLimit).contains(sizes.reduce(1, *)) else {
    return nil
  }
  let tensors = operands.compactMap { smallConstant($0, in: graph) }
  guard tensors.count == operands.count,
    let values = try? operation.rule.evaluate(tensors, [:]).first?.values
  else { return nil }
  if values.allSatisfy({ $0 == values[0] }) {
    return Constant(values[0], type.elementType, shape: type.shape)
  }
  return Constant(values, type.elementType, shape: sizes)
}

private func smallConstant(_ value: Value, in graph: Graph) -> HostTensor? {
  guard case .constant(let constant)? = graph.producer(of: value)?.operation,
    let sizes = graph.type(of: value).staticShape, sizes.reduce(1, *) <= foldingLimit
  else { return nil }
  return try? constant.evaluate([], [:]).first
}

/// The one number that an operation gives for operands of one number each.
private func foldedSplat(
  _ operation: Operation, _ operands: [Value], in graph: Graph
) -> Double? {
  let splats = operands.compactMap { graph.splat(of: $0) }
  guard splats.count == operands.count else { return nil }
  switch operation {
  case .unary, .binary, .compare, .select, .cast:
    let scalars = zip(splats, graph.types(of: operands)).map {
      HostTensor($1.elementType, [], [$0])
    }
    return try? operation.rule.evaluate(scalars, [:]).first?.values.first
  case .reshape, .transpose, .slice:
    return splats[0]
  case .concatenate:
    return splats.allSatisfy { $0 == splats[0] } ? splats[0] : nil
  default:
    return nil
  }
}
