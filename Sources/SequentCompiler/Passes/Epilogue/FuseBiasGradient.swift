import SequentIR

/// Sums the gradient of a layer's output in the product that reads it for the weight's gradient.
///
///     %dw = contract %x, %dy                      →    %dw, %db = contract %x, %dy {sums = true}
///     %db = reduce.sum %dy {axes = [0, 1]}
let fuseBiasGradient = Pass(
  "fuse-bias-gradient", "gradients of a weight and a bias → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    var sums: [Value: Node] = [:]
    for node in graph.nodes where node.isSumOverRows(in: graph) { sums[node.operands[0]] = node }
    var pairs: [Value: (contraction: Node, sum: Node)] = [:]
    for node in graph.nodes where node.operation == .contract(Contract()) {
      guard let sum = sums.removeValue(forKey: node.operands[1]) else { continue }
      for result in node.results + sum.results { pairs[result] = (node, sum) }
      context.matched("fused the sum of its gradient", node, in: graph)
    }
    guard !pairs.isEmpty else { return graph }
    return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
      guard let result = node.results.first, let (contraction, sum) = pairs[result] else {
        return nil
      }
      // Where the first of them stands, so that both are there for all who read them.
      let (product, total) = (contraction.results[0], sum.results[0])
      let results = try rewriter.append(
        .contract(Contract(givesSums: true)), rewriter.values(contraction.operands),
        names: [product, total], of: contraction)
      rewriter.replace(product, by: results[0])
      rewriter.replace(total, by: results[1])
      return [results[result == product ? 0 : 1]]
    }
  }
}

extension Node {
  /// Whether the node sums over all axes of its operand but the last.
  fileprivate func isSumOverRows(in graph: Graph) -> Bool {
    let rank = operands.first.map { graph.type(of: $0).rank } ?? 0
    return rank > 1 && operation == .reduce(Reduce(.sum, axes: Array(0..<rank - 1)))
  }
}
