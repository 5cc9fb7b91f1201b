import SequentIR

/// Makes one kernel of rows of tables that are added up, with other rows, and normalised.
///
///     %a = gather @tokens, %t
///     %c = multiply %a, %scale
///     %p = gather @positions, %i              →   %y, %s = embedding @tokens, %t, @positions, %i, @w, @b
///     %s = add %c, %p                                     {lookups = [true, true], scales = [8, 1], …}
///     %y = layer_norm %s, @w, @b {…}
///
/// A sum without a normalisation is fused too, and a normalisation of a single lookup.
let fuseEmbedding = Pass(
  "fuse-embedding", "lookups in tables, their sum and its normalisation → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    let uses = GraphUses(graph)
    var patterns: [Value: EmbeddingPattern] = [:]
    var outcomes: [(node: Node, result: Result<EmbeddingPattern, Miss>)] = []
    // The largest sums first: what one takes is no candidate of its own.
    var taken: Set<Int> = []
    for (index, node) in graph.nodes.enumerated().reversed() where !taken.contains(index) {
      let sum = EmbeddingSum(at: node, in: graph, uses)
      guard sum.isCandidate(in: graph, uses) else { continue }
      do throws(Miss) {
        let pattern = try EmbeddingPattern(sum, in: graph, uses)
        taken.formUnion(sum.nodes)
        patterns[sum.root] = pattern
        outcomes.append((node, .success(pattern)))
      } catch {
        outcomes.append((node, .failure(error)))
      }
    }
    for (node, result) in outcomes.reversed() {
      switch result {
      case .success(let pattern): context.matched(pattern.description, node, in: graph)
      case .failure(let miss): context.missed("not fused: \(miss.reason)", node, in: graph)
      }
    }
    guard !patterns.isEmpty else { return graph }
    return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
      guard let root = node.results.first, let pattern = patterns[root] else { return nil }
      let names = pattern.operation.keepsSum ? [root] : []
      let results = try rewriter.append(
        .embedding(pattern.operation), rewriter.values(pattern.operands),
        names: (pattern.normalized.map { [$0] + names }) ?? [root], of: node)
      if let normalized = pattern.normalized { rewriter.replace(normalized, by: results[0]) }
      // Where the sum is not kept, nothing uses it.
      return [results[results.count - 1]]
    }
  }
}

extension EmbeddingPattern {
  /// What was fused: `fused 2 lookups, 1 addend, layer norm; the sum is kept`.
  fileprivate var description: String {
    let lookups = operation.terms.count { $0.isLookup }
    let addends = operation.terms.count - lookups
    return "fused \(lookups) lookup\(lookups == 1 ? "" : "s")"
      + (addends == 0 ? "" : ", \(addends) addend\(addends == 1 ? "" : "s")")
      + (operation.norm.map { $0.isCentered ? ", layer norm" : ", rms norm" } ?? "")
      + (operation.keepsSum ? "; the sum is kept" : "")
      + (normMiss.map { "; not its normalisation: \($0)" } ?? "")
  }
}
