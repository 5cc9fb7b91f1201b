import SequentIR

/// Makes one kernel of attention, whose scores then never are in memory.
///
///     %t = transpose %k {axes = [0, 1, 3, 2]}
///     %s = matmul %q, %t
///     %p = softmax %s, %mask {scale = …, mask = select}    →   %y, %s = attention %q, %k, %v {scale = …}
///     %y = matmul %p, %v
///
/// It runs behind fuse-softmax-scale, which has found the softmax and what precedes it. Transposes and
/// reshapes stay around the operation: they are other views of the same memory. Masks that compare
/// positions, with each other or with lengths, become `causal` and `lengths`.
let fuseAttention = Pass(
  "fuse-attention", "scores, softmax and weighted sum → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, scope, context in
    let learned = graph.learnedValues(scope)
    return try GraphRewriter.rewrite(graph) { rewriter, node, index in
      guard AttentionPattern.isCandidate(node, in: graph) else { return nil }
      do {
        let pattern = try AttentionPattern(
          endingAt: index, in: graph, rewriter.uses, learned: learned)
        context.matched(pattern.description, node, in: graph)
        return try fuse(pattern, node, &rewriter)
      } catch let miss as Miss {
        context.missed("not fused: \(miss.reason)", node, in: graph)
        return nil
      }
    }
  }
}

private func fuse(
  _ pattern: AttentionPattern, _ node: Node, _ rewriter: inout GraphRewriter
) throws -> [Value] {
  let origin = node.origin
  var operands: [Value] = []
  for operand in [pattern.q, pattern.k, pattern.v] {
    operands.append(try operand.build(&rewriter, origin))
  }
  if let vector = try pattern.vector?.build(&rewriter, origin) { operands.append(vector) }
  if let mask = try pattern.mask?.build(&rewriter, origin) { operands.append(mask) }
  if let lengths = pattern.lengths { operands.append(try rewriter.value(lengths)) }
  let result = node.results[0]
  let shape = rewriter.source.type(of: result).shape
  let results = try rewriter.append(
    .attention(pattern.operation), operands,
    names: [
      shape.count == 4 ? rewriter.source.name(of: result) : "context", "statistics", "weights",
    ],
    origin: origin)
  if let weights = pattern.sharedWeights {
    let shape = rewriter.source.type(of: weights).shape
    let value = try rewriter.reshape(
      results[2], to: shape, name: rewriter.source.name(of: weights), origin)
    rewriter.replace(weights, by: value)
  }
  return [
    try rewriter.reshape(
      results[0], to: shape, name: rewriter.source.name(of: result), origin)
  ]
}

extension GraphRewriter {
  /// A value under another shape, if it has another.
  mutating func reshape(
    _ value: Value, to shape: [Dimension], name: String? = nil, _ origin: Origin
  ) throws -> Value {
    if graph.type(of: value).shape == shape { return value }
    return try append(.reshape(Reshape(shape)), value, name: name, origin: origin)
  }
}

extension AttentionPattern {
  /// What was fused: `fused attention, scale 0.125, causal, lengths`.
  fileprivate var description: String {
    let parts = [
      "fused \(operation.mnemonic)", operation.scale == 1 ? nil : "scale \(operation.scale)",
      operation.causal == nil ? nil : "causal", operation.hasLengths ? "lengths" : nil,
      operation.mask == .none ? nil : "\(operation.mask) mask",
      operation.givesWeights ? "gives its weights" : nil,
    ]
    return parts.compactMap { $0 }.joined(separator: ", ")
  }
}

extension Graph {
  /// The real numbers that may have a gradient beside the function's inputs: what depends on parameters
  /// or, in a body, on arguments.
  fileprivate func learnedValues(_ scope: GraphScope) -> Set<Value> {
    var result = scope.invariants.isEmpty ? [] : Set(arguments)
    for node in nodes {
      let isLearned = node.operands.contains {
        parameterName(of: $0) != nil || result.contains($0)
      }
      if isLearned {
        result.formUnion(node.operands.filter { parameterName(of: $0) != nil })
        result.formUnion(node.results.filter { type(of: $0).elementType == .float32 })
      }
    }
    return result
  }
}
