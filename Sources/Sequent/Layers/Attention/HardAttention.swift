import SequentIR

/// What queries chose.
public struct AttentionChoice {
  /// The values chosen, `[batch, queries, valueWidth]`; `[batch, valueWidth]` for one query.
  public let context: Tensor
  /// 1 at the key chosen and 0 elsewhere, `[batch, queries, keys]`; `[batch, keys]` for one query.
  public let weights: Tensor
  /// The numbers of the keys chosen, i32 `[batch, queries]`; `[batch]` for one query.
  public let keys: Tensor
  /// The logarithms of the choices' probabilities, as `keys`; 0 for a row without keys.
  public let logProbability: Tensor
}

/// Hard attention: the value of one key, chosen with probability softmax(scores) in training, and
/// the likeliest otherwise (Xu et al., 2015).
///
/// A choice has no gradient. Values get theirs through the context; scores get one only from an
/// objective that `scoreFunction` of `logProbability` is part of.
public struct HardAttention<Score: AttentionScore>: Sendable {
  /// How well keys match queries.
  public let score: Score

  /// Creates an attention.
  public init(_ score: Score) { self.score = score }

  /// A memory for queries to come, as that of `Attention`.
  public func memory(
    _ values: Tensor, lengths: Tensor? = nil, file: String = #fileID, line: Int = #line
  ) -> AttentionMemory {
    AttentionMemory(values, lengths, score, SourceLocation(file: file, line: line))
  }

  /// What training chooses by at every step of a sequence; nothing outside of training.
  ///
  /// A step of a recurrence would draw the same every time: it takes its slice of these numbers in 0
  /// to 1, `[batch, time, keys]`.
  ///
  /// - Parameter sequence: `[batch, time, …]`.
  public func draws(_ sequence: Tensor, _ memory: AttentionMemory) -> Tensor? {
    guard sequence.value != nil, sequence.rank >= 2, memory.keys.value != nil else { return nil }
    return sequence.trace.uniform(sequence.shape.prefix(2) + [memory.keys.shape[1]])
  }

  /// What queries choose from a memory.
  ///
  /// - Parameters:
  ///   - queries: `[batch, queries, queryWidth]`, or `[batch, queryWidth]` for one a row.
  ///   - draws: what training chooses by: numbers in 0 to 1, `[batch, queries, keys]`, `[batch,
  ///     keys]` for one query. Drawn here by default; a step of a recurrence takes a slice of `draws`.
  public func callAsFunction(
    _ queries: Tensor, _ memory: AttentionMemory, draws: Tensor? = nil, file: String = #fileID,
    line: Int = #line
  ) -> AttentionChoice {
    let context = queries.trace.context
    return context.scope(context.path(of: score), SourceLocation(file: file, line: line)) {
      guard let form = AttentionQueries(queries, memory) else {
        let none = queries.withoutValue
        return AttentionChoice(context: none, weights: none, keys: none, logProbability: none)
      }
      let all = score.scores(form.queries, form.keys)
      guard all.value != nil else {
        return AttentionChoice(context: all, weights: all, keys: all, logProbability: all)
      }
      let scores = form.mask.map { select($0, all, all.scalar(-.infinity)) } ?? all
      let keys = noise(draws.map(form.aligned), like: scores).argmax(over: 2)
      let positions = keys.trace.emit(
        .iota(Iota(shape: scores.shape, axis: 2)), [], names: ["position"], at: nil)[0]
      var isChosen = positions .== keys.expanded(at: 2)
      if let mask = form.mask { isChosen = isChosen.emit(.binary(.and), [mask]) }
      let weights = isChosen.cast(to: .float32)
      return AttentionChoice(
        context: form.result(matmul(weights, form.values)), weights: form.result(weights),
        keys: form.result(keys), logProbability: form.result(logProbability(isChosen, scores)))
    }
  }

  /// Scores whose largest is the choice: in training with Gumbel noise, -log(-log u), which makes a
  /// key the largest with its probability.
  private func noise(_ draws: Tensor?, like scores: Tensor) -> Tensor {
    guard let uniform = draws ?? scores.trace.uniform(scores.shape) else { return scores }
    return scores - log(-log(uniform))
  }

  /// score - log Σ exp(scores) at the chosen key.
  private func logProbability(_ isChosen: Tensor, _ scores: Tensor) -> Tensor {
    let largest = scores.maximum(over: 2, keepingAxis: true)
    let centre = stopGradient(select(largest .== -.infinity, scores.scalar(0), largest))
    let centred = scores - centre
    let sum = exp(centred).sum(over: 2)
    let chosen = select(isChosen, centred, centred.scalar(0)).sum(over: 2)
    return chosen - log(select(sum .== 0, sum.scalar(1), sum))
  }
}
