import SequentIR

/// Makes one kernel of the cross-entropy of labels under logits.
///
///     %l = reduce.maximum %x {axes = [1], keep = true}
///     %d = subtract %x, %l
///     %e = exp %d
///     %z = reduce.sum %e {axes = [1], keep = true}
///     %n = log %z
///     %p = subtract %d, %n                                →   %y = cross_entropy %x, %labels
///     %c = iota {axis = 1, …}
///     %w = reshape %labels {shape = […, 1]}
///     %is = compare.equal %c, %w
///     %s = select %is, %p, %zero
///     %o = reduce.sum %s {axes = [1]}
///     %y = negate %o
///
/// Smoothing and the selections behind it that put zeros where a label is ignored go with it. A
/// label that is no class is an error then, where the composition has a loss of 0.
let fuseCrossEntropy = Pass(
  "fuse-cross-entropy", "log-softmax and the choice of a label → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    let uses = GraphUses(graph)
    var patterns: [Int: CrossEntropyPattern] = [:]
    for (index, node) in graph.nodes.enumerated()
    where CrossEntropyPattern.isCandidate(index, graph) {
      do {
        let pattern = try CrossEntropyPattern(choosingAt: index, in: graph, uses)
        context.matched(pattern.description, node, in: graph)
        patterns[pattern.root] = pattern
      } catch let miss as Miss {
        context.missed("not fused: \(miss.reason)", node, in: graph)
      }
    }
    return try GraphRewriter.rewrite(graph) { rewriter, node, index in
      try patterns[index].map { try fuse($0, node, &rewriter) }
    }
  }
}

private func fuse(
  _ pattern: CrossEntropyPattern, _ node: Node, _ rewriter: inout GraphRewriter
) throws -> [Value] {
  var labels = try rewriter.value(pattern.labels)
  if let counts = pattern.counts {
    // What stands where nothing counts may be no class at all.
    let none = try rewriter.append(
      .constant(Constant(Double(pattern.ignored ?? -1), .int32)), origin: node.origin)
    labels = try rewriter.append(
      .select(Select()), rewriter.value(counts), labels, none, origin: node.origin)
  }
  let loss = FusedCrossEntropy(
    smoothing: pattern.smoothing,
    ignored: pattern.ignored ?? (pattern.counts == nil ? nil : -1))
  return try rewriter.append(
    .crossEntropy(loss), [rewriter.value(pattern.logits), labels], replacing: node)
}

extension CrossEntropyPattern {
  /// What was fused: `fused cross-entropy, smoothing 0.1, label -1 ignored`.
  fileprivate var description: String {
    let parts = [
      "fused cross-entropy", smoothing == 0 ? nil : "smoothing \(smoothing)",
      ignored.map { "label \($0) ignored" }, counts == nil ? nil : "positions chosen",
    ]
    return parts.compactMap { $0 }.joined(separator: ", ")
  }
}
