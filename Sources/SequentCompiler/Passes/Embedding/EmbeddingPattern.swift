import SequentIR

/// A sum of embeddings, recognised, and the normalisation that follows it.
struct EmbeddingPattern {
  let operation: FusedEmbedding
  let operands: [Value]
  /// What the normalisation gives.
  let normalized: Value?
  /// Why the normalisation that follows is left out.
  let normMiss: String?

  /// Recognises a sum, or throws the first reason why it is not one of embeddings.
  init(_ sum: EmbeddingSum, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    for term in sum.terms { try Self.check(term, of: sum, in: graph) }
    guard sum.terms.contains(where: { $0.indices != nil }) else {
      let shared = sum.terms.first { graph.lookup(giving: $0.rows) != nil }
      let name = shared.map { graph.name(of: $0.rows) } ?? ""
      throw Miss("%\(name), which is looked up, is used elsewhere")
    }
    guard sum.terms.count <= FusedEmbedding.termLimit else {
      throw Miss("\(sum.terms.count) terms are more than \(FusedEmbedding.termLimit)")
    }
    let norms = sum.norms(in: graph, uses)
    let norm = norms.first { graph.laterVector(of: $0, than: sum.root) == nil }
    normMiss =
      norm == nil
      ? norms.first.flatMap { graph.laterVector(of: $0, than: sum.root) }.map {
        "%\(graph.name(of: $0)), its weight or bias, needs the sum"
      } : nil
    var normalization: FusedNormalization?
    if case .normalization(let found)? = norm?.operation { normalization = found }
    operation = FusedEmbedding(
      terms: sum.terms.map { FusedEmbedding.Term(isLookup: $0.indices != nil, scale: $0.scale) },
      norm: normalization, keepsSum: uses.count(of: sum.root) > 1)
    operands =
      sum.terms.flatMap { [$0.source, $0.indices].compactMap { $0 } }
      + (norm?.operands.dropFirst() ?? [])
    normalized = norm?.results[0]
  }

  /// Checks that a term is rows that the sum's rows can be counted through.
  private static func check(
    _ term: EmbeddingSum.Term, of sum: EmbeddingSum, in graph: Graph
  ) throws(Miss) {
    let (rows, type) = (graph.type(of: term.rows), graph.type(of: sum.root))
    if term.indices != nil {
      let table = graph.type(of: term.source)
      guard table.rank == 2 else {
        throw Miss("%\(graph.name(of: term.rows)) is looked up in \(table), not in [rows, width]")
      }
    }
    guard rows.rank >= 1, FusedEmbedding.repeats(rows, along: type) else {
      throw Miss(
        "%\(graph.name(of: term.rows)) is \(rows), which does not repeat along the leading axes of "
          + "\(type)")
    }
  }
}

extension Graph {
  /// A weight or bias of a normalisation that is not there before a value is.
  fileprivate func laterVector(of norm: Node, than value: Value) -> Value? {
    guard let position = producerIndex(of: value) else { return nil }
    return norm.operands.dropFirst().first { nodes(giving: [$0], from: []).contains(position) }
  }
}
