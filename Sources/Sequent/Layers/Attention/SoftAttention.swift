import SequentIR

/// What queries gathered.
public struct AttentionOutput {
  /// The weighted sums, `[batch, queries, valueWidth]`; `[batch, valueWidth]` for one query.
  public let context: Tensor
  /// The weights, `[batch, queries, keys]`; `[batch, keys]` for one query.
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
    score.memory(values, lengths, SourceLocation(file: file, line: line))
  }

  /// What queries gather from a memory.
  ///
  /// - Parameter queries: `[batch, queries, queryWidth]`, or `[batch, queryWidth]` for one a row.
  public func callAsFunction(
    _ queries: Tensor, _ memory: AttentionMemory, file: String = #fileID, line: Int = #line
  ) -> AttentionOutput {
    score.attend(queries, memory, SourceLocation(file: file, line: line)) { queries, mask in
      let weights = softmax(score.scores(queries, memory.keys), mask: mask)
      return AttentionOutput(context: matmul(weights, memory.values), weights: weights)
    }
  }
}

extension AttentionScore {
  /// A memory with this score's keys.
  func memory(
    _ values: Tensor, _ lengths: Tensor?, _ location: SourceLocation
  ) -> AttentionMemory {
    let context = values.trace.context
    return context.scope(context.path(of: self), location) {
      guard values.value == nil || values.rank == 3 else {
        context.fail("attention: values are \(values.type), expected [batch, keys, width]", nil)
        return AttentionMemory(values: values.withoutValue, keys: values.withoutValue)
      }
      return AttentionMemory(values: values, keys: keys(values), lengths: lengths)
    }
  }

  /// Runs `body` for queries with an axis of their own, and takes it away again if they had none.
  func attend(
    _ queries: Tensor, _ memory: AttentionMemory, _ location: SourceLocation,
    _ body: (_ queries: Tensor, _ mask: Tensor?) -> AttentionOutput
  ) -> AttentionOutput {
    let context = queries.trace.context
    return context.scope(context.path(of: self), location) {
      let isOne = queries.rank == 2
      guard queries.value != nil, memory.keys.value != nil, isOne || queries.rank == 3 else {
        if queries.value != nil, memory.keys.value != nil {
          context.fail(
            "attention: queries are \(queries.type), expected [batch, width] or "
              + "[batch, queries, width]", nil)
        }
        return AttentionOutput(context: queries.withoutValue, weights: queries.withoutValue)
      }
      let output = body(
        isOne ? queries.expanded(at: 1) : queries, memory.mask(in: memory.trace(with: queries)))
      guard isOne else { return output }
      return AttentionOutput(
        context: output.context.reshaped(to: [queries.shape[0], memory.values.shape[2]]),
        weights: output.weights.reshaped(to: [queries.shape[0], memory.keys.shape[1]]))
    }
  }
}
