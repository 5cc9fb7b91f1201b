import SequentIR

/// Lets attention read its keys and values through the table that gathers them, so that what rows share
/// is in memory once.
///
///     %g = gather %pool, %table                        %r = reshape %pool {shape = [1, slots, 4, 16]}
///     %r = reshape %g {shape = [rows, keys, 4, 16]}    %t = transpose %r {axes = [0, 2, 1, 3]}
///     %t = transpose %r {axes = [0, 2, 1, 3]}       →
///     %y, %s = attention %q, %t, …                     %y, %s = attention %q, %t, …, %table {table = keys}
///
/// It runs behind fuse-attention. A table `[rows]` finds a source for every row, a table `[rows, keys]` a
/// slot for every key. The result has no gradient: `CompilerOptions.differentiable` leaves the pass out.
let fuseAttentionGather = Pass(
  "fuse-attention-gather", "gathered keys and values → attention through a table"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    try GraphRewriter.rewrite(graph) { rewriter, node, index in
      guard case .attention(let attention) = node.operation, attention.table == .none else {
        return nil
      }
      do {
        guard let pair = try GatheredPair(of: node, index, in: graph, rewriter.uses) else {
          return nil
        }
        context.matched(
          "reads through %\(graph.name(of: pair.table)), a table of \(pair.k.form.rawValue)", node,
          in: graph)
        return try fuse(pair, attention, node, &rewriter)
      } catch let miss as Miss {
        context.missed("not folded: \(miss.reason)", node, in: graph)
        return nil
      }
    }
  }
}

private func fuse(
  _ pair: GatheredPair, _ attention: FusedAttention, _ node: Node, _ rewriter: inout GraphRewriter
) throws -> [Value] {
  var operands: [Value] = []
  for (position, operand) in node.operands.enumerated() {
    switch position {
    case 1: operands.append(try pair.k.build(&rewriter))
    case 2: operands.append(try pair.v.build(&rewriter))
    default: operands.append(try rewriter.value(operand))
    }
  }
  operands.append(try rewriter.value(pair.table))
  let operation = FusedAttention(
    isAdditive: attention.isAdditive, scale: attention.scale, causal: attention.causal,
    mask: attention.mask, hasLengths: attention.hasLengths, table: pair.k.form,
    givesWeights: attention.givesWeights)
  return try rewriter.append(.attention(operation), operands, replacing: node)
}

/// The keys and values of an attention, where one table gathers both.
private struct GatheredPair {
  let k, v: GatheredOperand
  var table: Value { k.table }

  /// Finds them; nil where nothing is gathered.
  init?(of node: Node, _ index: Int, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    let sides = node.operands[1...2].map { (value: $0, path: GatherPath(to: $0, in: graph)) }
    guard let first = sides.first(where: { $0.path != nil }) else { return nil }
    guard let keys = sides[0].path, let values = sides[1].path else {
      let other = sides.first { $0.path == nil }
      throw Miss(
        "%\(graph.name(of: first.value)) is gathered, %\(graph.name(of: (other ?? first).value)) is "
          + "not")
    }
    guard keys.gather.operands[1] == values.gather.operands[1] else {
      throw Miss(
        "its keys are gathered by %\(graph.name(of: keys.gather.operands[1])), its values by "
          + "%\(graph.name(of: values.gather.operands[1]))")
    }
    let inner = keys.nodes.union(values.nodes)
    let results = inner.sorted().flatMap { graph.nodes[$0].results }
    let others = [node.operands[0]] + node.operands.dropFirst(3)
    if let shared = results.first(where: {
      !uses.areWithin(inner.union([index]), $0) || others.contains($0)
    }) {
      throw Miss("%\(graph.name(of: shared)), which is gathered, has other uses")
    }
    (k, v) = (try GatheredOperand(keys, in: graph), try GatheredOperand(values, in: graph))
  }
}
