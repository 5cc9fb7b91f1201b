import SequentIR

/// Makes one kernel of a normalisation of rows, with its weight and bias.
///
///     %m = reduce.mean %x {axes = [2], keep = true}
///     %c = subtract %x, %m
///     %q = multiply %c, %c
///     %v = reduce.mean %q {axes = [2], keep = true}
///     %e = add %v, %epsilon                           →   %y = layer_norm %x, @w, @b {epsilon = …, …}
///     %r = sqrt %e
///     %n = divide %c, %r
///     %s = multiply %n, @w
///     %y = add %s, @b
///
/// Without the subtraction it is `rms_norm`.
let fuseNormalization = Pass(
  "fuse-normalization", "a normalisation of rows, with weight and bias → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    let uses = GraphUses(graph)
    var patterns: [Value: NormalizationPattern] = [:]
    for node in graph.nodes where NormalizationPattern.isCandidate(node, in: graph) {
      do {
        let pattern = try NormalizationPattern(dividingAt: node, in: graph, uses)
        context.matched(pattern.description, node, in: graph)
        patterns[pattern.root] = pattern
      } catch let miss as Miss {
        context.missed("not fused: \(miss.reason)", node, in: graph)
      }
    }
    guard !patterns.isEmpty else { return graph }
    return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
      guard let first = node.results.first, let pattern = patterns[first] else { return nil }
      let operands = [pattern.operand, pattern.weight, pattern.bias].compactMap { $0 }
      return try rewriter.append(
        .normalization(pattern.operation), rewriter.values(operands), replacing: node)
    }
  }
}

extension NormalizationPattern {
  /// What was fused: `fused layer norm, weight, bias`.
  fileprivate var description: String {
    "fused \(operation.isCentered ? "layer norm" : "rms norm")"
      + (weight == nil ? "" : ", weight") + (bias == nil ? "" : ", bias")
  }
}
