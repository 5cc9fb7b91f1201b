import SequentIR

/// Makes one kernel of a scan over a cell that has one, then one of the two directions of a layer.
///
///     %h, %y = scan %h0, %x, @w, @u, @b {…}            %y, %h = recurrent_sequence %x, @w, @u,
///       body(%h, %x, %w, %u, %b) {                       @b, %h0 {cell = rnnTanh, …}
///         %p = matmul %x, %w
///         %q = matmul %h, %u                   →
///         %s = add %p, %q
///         %a = add %s, %b
///         %n = tanh %a
///         yield %n, %n
///       }
///
/// The gates' weights are laid side by side in the kernel's order by nodes that depend on parameters
/// alone, and so run once, when the model is loaded. Runs before the input's projection leaves the
/// scan: the kernel projects by itself, in chunks that stay in cache.
let fuseRecurrentSequence = Pass(
  "fuse-recurrent-sequence", "scan over an rnn, lstm or gru cell → one kernel for the sequence"
) { graph, context in
  let fused = try rewriteEverywhere(graph, &context) { graph, scope, context in
    let constants = graph.constantExpressions(scope)
    return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
      guard case .scan(let scan) = node.operation else { return nil }
      do {
        let pattern = try RecurrentLayerPattern(scan)
        for position in pattern.weightOperands where !constants.contains(node.operands[position]) {
          throw Miss("its weight \(graph.describe(node.operands[position])), is not stored")
        }
        let direction = scan.isReversed ? "reverse" : "forward"
        context.matched("fused \(pattern.kind.rawValue), \(direction)", node, in: graph)
        try fuse(pattern, scan, node, &rewriter)
        return []
      } catch let miss as Miss {
        context.missed("not fused: \(miss.reason)", node, in: graph)
        return nil
      }
    }
  }
  return try rewriteEverywhere(fused, &context) { try mergeDirections($0, &$2) }
}

/// Adds the sequence and says what the scan's results are in it.
private func fuse(
  _ pattern: RecurrentLayerPattern, _ scan: Scan, _ node: Node, _ rewriter: inout GraphRewriter
) throws {
  let operands = try rewriter.values(node.operands)
  let layout = WeightLayout(operands: operands, origin: node.origin)
  let hasBias = pattern.biases.contains { !$0.isEmpty }
  let hasHiddenBias = !pattern.hiddenBiases.isEmpty
  var new = [
    operands[pattern.input],
    try layout.merged(pattern.inputWeights, name: "input_weights", &rewriter),
    try layout.merged(pattern.hiddenWeights, name: "hidden_weights", &rewriter),
  ]
  if hasBias {
    new.append(try layout.merged(pattern.biases, width: pattern.hidden, name: "bias", &rewriter))
  }
  if hasHiddenBias {
    new.append(
      try layout.merged(
        [pattern.hiddenBiases], width: pattern.hidden, name: "hidden_bias", &rewriter))
  }
  new += pattern.states.map { operands[$0] }
  if scan.hasLengths, let lengths = operands.last { new.append(lengths) }
  let operation = FusedRecurrentSequence(
    cell: pattern.kind, isReversed: [scan.isReversed], hasBias: hasBias,
    hasHiddenBias: hasHiddenBias, hasLengths: scan.hasLengths)
  let states = pattern.states.map { node.results[$0] }
  let outputs = node.results.dropFirst(scan.carryCount)
  let output = outputs.first.map { rewriter.source.name(of: $0) } ?? "output"
  let results = try rewriter.append(
    .recurrentSequence(operation), new, names: [output] + states.map(rewriter.source.name(of:)),
    origin: node.origin)
  var finals = results.dropFirst()
  for state in states { rewriter.replace(state, by: finals.removeFirst()) }
  for output in outputs { rewriter.replace(output, by: results[0]) }
}

/// Builds the merged weights of a sequence out of the gates'.
private struct WeightLayout {
  let operands: [Value]
  let origin: Origin

  /// Gates' matrices side by side.
  func merged(
    _ blocks: [WeightBlock], name: String, _ rewriter: inout GraphRewriter
  ) throws -> Value {
    try join(blocks.map { try value(of: $0, &rewriter) }, axis: 1, name, &rewriter)
  }

  /// Gates' biases one behind the other; zeros for a gate that has none.
  func merged(
    _ gates: [[GateTerms.Bias]], width: Dimension, name: String, _ rewriter: inout GraphRewriter
  ) throws -> Value {
    var parts: [Value] = []
    for biases in gates {
      var sum: Value?
      for bias in biases {
        let next = try value(of: bias, width: width, &rewriter)
        sum = try sum.map { try rewriter.append(.binary(.add), $0, next, origin: origin) } ?? next
      }
      parts.append(try sum ?? value(of: .number(0), width: width, &rewriter))
    }
    return try join(parts, axis: 0, name, &rewriter)
  }

  private func join(
    _ parts: [Value], axis: Int, _ name: String, _ rewriter: inout GraphRewriter
  ) throws -> Value {
    guard parts.count > 1 else { return parts[0] }
    return try rewriter.append(
      .concatenate(Concatenate(axis: axis)), parts, name: name, origin: origin)
  }

  private func value(
    of bias: GateTerms.Bias, width: Dimension, _ rewriter: inout GraphRewriter
  ) throws -> Value {
    switch bias {
    case .stored(let block):
      return try value(of: block, &rewriter)
    case .number(let number):
      return try rewriter.append(.constant(Constant(number, shape: [width])), origin: origin)
    }
  }

  private func value(of block: WeightBlock, _ rewriter: inout GraphRewriter) throws -> Value {
    var value = operands[block.operand]
    for cut in block.cuts { value = try rewriter.append(.slice(cut), value, origin: origin) }
    return value
  }
}
