import SequentIR

/// What queries gathered.
public struct AttentionOutput {
  /// The weighted sums, `[batch, queries, valueWidth]`; `[batch, valueWidth]` for one query.
  public let context: Tensor
  /// The weights, `[batch, queries, keys]`; `[batch, keys]` for one query; `[batch, heads, queries, keys]`
  /// for several heads.
  public let weights: Tensor
}

/// Soft attention: the values' sum, weighed by how well their keys match a query.
///
///     weights = softmax(scores(queries, keys))        context = weights · values
///
/// Keys at or past a row's length have no weight; a row without keys gives zeros.
///
///     let attention = Attention(.additive(query: 256, memory: 256, units: 256))
///     let memory = attention.memory(encoded, lengths: lengths)
///     let context = attention(state, memory).context
public struct Attention<Score: AttentionScore>: Sendable {
  /// How well keys match queries.
  public let score: Score

  /// Creates an attention.
  public init(_ score: Score) { self.score = score }

  /// A memory for queries to come, its keys computed once.
  ///
  /// - Parameters:
  ///   - values: `[batch, keys, memoryWidth]`.
  ///   - lengths: how many keys every row has, i32 `[batch]`.
  public func memory(
    _ values: Tensor, lengths: Tensor? = nil, file: String = #fileID, line: Int = #line
  ) -> AttentionMemory {
    AttentionMemory(values, lengths, score, SourceLocation(file: file, line: line))
  }

  /// What queries gather from a memory.
  ///
  /// - Parameters:
  ///   - queries: `[batch, queries, queryWidth]`, or `[batch, queryWidth]` for one a row.
  ///   - window: which of the keys each query sees; all by default.
  public func callAsFunction(
    _ queries: Tensor, _ memory: AttentionMemory, window: AttentionWindow? = nil,
    file: String = #fileID, line: Int = #line
  ) -> AttentionOutput {
    let context = queries.trace.context
    return context.scope(context.path(of: score), SourceLocation(file: file, line: line)) {
      guard let form = AttentionQueries(queries, memory) else {
        return AttentionOutput(context: queries.withoutValue, weights: queries.withoutValue)
      }
      let scores = score.scores(form.queries, form.keys)
      var weights: Tensor
      if let window {
        let distance = AttentionWindow.distance(
          form.aligned(window.centre), keys: memory.keys.shape[1])
        let isNear = window.contains(distance)
        weights = softmax(
          scores, mask: form.mask.map { $0.emit(.binary(.and), [isNear]) } ?? isNear)
        if window.isGaussian { weights = weights * window.gaussian(distance) }
      } else {
        weights = softmax(scores, mask: form.mask)
      }
      let sums = matmul(weights, form.values)
      return AttentionOutput(context: form.result(sums), weights: form.result(weights))
    }
  }
}
