import SequentIR

/// Attention in several heads (Vaswani et al., 2017): queries, keys and values are projected, every head
/// attends over its part, and what the heads gather is projected again.
///
/// With fewer heads of keys than of queries, groups of heads share keys and values (Ainslie et al.,
/// 2023); with one, all do (Shazeer, 2019).
public struct MultiHeadAttention: Sendable {
  /// The queries' projection, `[width, heads · headWidth]`.
  public let query: Linear?
  /// The keys' projection, `[width, keyHeads · headWidth]`.
  public let key: Linear?
  /// The values' projection, `[width, keyHeads · headWidth]`.
  public let value: Linear?
  /// The projections side by side, where they are one matrix.
  public let joint: Linear?
  /// The projection of what the heads gather, `[heads · headWidth, width]`.
  public let output: Linear
  private let heads: Int
  private let keyHeads: Int
  private let headWidth: Int
  private let rotary: RotaryPositions?

  /// Queries `[batch, time, heads, width]`, keys and values `[batch, time, keyHeads, width]`.
  struct Projections {
    var q, k, v: Tensor
  }

  /// Creates an attention of a shape.
  public init(_ shape: TransformerShape) {
    (heads, keyHeads, headWidth) = (shape.heads, shape.keyHeads ?? shape.heads, shape.headWidth)
    let (queries, keys) = (heads * headWidth, keyHeads * headWidth)
    query = shape.isJoint ? nil : shape.linear(shape.width, queries)
    key = shape.isJoint ? nil : shape.linear(shape.width, keys)
    value = shape.isJoint ? nil : shape.linear(shape.width, keys)
    joint = shape.isJoint ? shape.linear(shape.width, queries + 2 * keys) : nil
    output = shape.linear(queries, shape.width)
    rotary = shape.rotaryBase.map { RotaryPositions(shape.headWidth, base: $0) }
  }

  /// What every position of `x` `[batch, time, width]` gathers from all of them.
  ///
  /// - Parameters:
  ///   - lengths: i32 `[batch]`; positions at or past a row's length are not seen.
  ///   - isCausal: whether a position sees itself and those before it alone.
  ///   - positions: i32 `[time]` or `[batch, time]`, for rotary ones; counted from zero by default.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor? = nil, isCausal: Bool = false, positions: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      guard let parts = project(x, positions: positions) else { return x.withoutValue }
      return attend(parts.q, parts.k, parts.v, lengths: lengths, isCausal: isCausal).context
    }
  }

  /// What every position of `x` `[batch, queries, width]` gathers from a memory `[batch, keys, width]`.
  public func callAsFunction(
    _ x: Tensor, over memory: Tensor, lengths: Tensor? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      guard let memory = keysAndValues(memory) else { return x.withoutValue }
      return attend(x, over: memory, lengths: lengths, file: file, line: line).context
    }
  }

  /// What queries of `x` `[batch, queries, width]` gather from what `keysAndValues` gave, and the weights
  /// of every head.
  public func attend(
    _ x: Tensor, over memory: (k: Tensor, v: Tensor), lengths: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> AttentionOutput {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      guard let q = queries(x) else {
        return AttentionOutput(context: x.withoutValue, weights: x.withoutValue)
      }
      return attend(q, memory.k, memory.v, lengths: lengths)
    }
  }

  /// What new positions of every row gather from what the cache holds and from each other.
  ///
  /// - Parameters:
  ///   - x: `[rows, time, width]`: the new positions.
  ///   - cache: where their keys and values go, and whose they see.
  func callAsFunction(
    _ x: Tensor, _ cache: KeyValueCache, layer: Int, positions: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      guard let new = project(x, positions: positions) else { return x.withoutValue }
      let (k, v) = cache.extend(layer, joinedHeads(new.k), joinedHeads(new.v))
      // Rows that begin see what is new; it lies in one piece already.
      guard let table = cache.table else {
        return attend(new.q, new.k, new.v, lengths: cache.lengths, isCausal: true).context
      }
      return attend(
        new.q, split(gather(k, table), keyHeads), split(gather(v, table), keyHeads),
        lengths: cache.lengths
      ).context
    }
  }

  /// How wide the keys or values of all heads are.
  var cacheWidth: Int { keyHeads * headWidth }

  private func joinedHeads(_ x: Tensor) -> Tensor {
    guard x.rank == 4 else { return x }
    return x.reshaped(to: [x.shape[0], x.shape[1], Dimension(constant: cacheWidth)])
  }

  /// The projections of a sequence to attend to itself.
  func project(_ x: Tensor, positions: Tensor? = nil) -> Projections? {
    guard let q = queries(x), let memory = keysAndValues(x) else { return nil }
    guard let rotary else { return Projections(q: q, k: memory.k, v: memory.v) }
    let positions = positions ?? Sequent.positions(of: x)
    return Projections(q: rotary(q, positions), k: rotary(memory.k, positions), v: memory.v)
  }

  /// Queries of a sequence.
  private func queries(_ x: Tensor) -> Tensor? {
    guard isSequence(x) else { return nil }
    let all = query.map { $0(x) } ?? joined(x, from: 0, heads)
    return split(all, heads)
  }

  /// Keys and values of a sequence `[batch, keys, width]`, by head; nil for what is no sequence.
  public func keysAndValues(_ x: Tensor) -> (k: Tensor, v: Tensor)? {
    guard isSequence(x) else { return nil }
    let k = key.map { $0(x) } ?? joined(x, from: heads, keyHeads)
    let v = value.map { $0(x) } ?? joined(x, from: heads + keyHeads, keyHeads)
    return (split(k, keyHeads), split(v, keyHeads))
  }

  /// What queries gather, projected: `[batch, queries, width]`, and the weights
  /// `[batch, heads, queries, keys]`.
  ///
  /// - Parameter isCausal: whether a query sees keys up to its own position alone.
  private func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, lengths: Tensor? = nil, isCausal: Bool = false
  ) -> AttentionOutput {
    let (q, k, v) = (byHead(q), shared(byHead(k)), shared(byHead(v)))
    guard q.value != nil, k.rank == 4 else { return AttentionOutput(context: q, weights: q) }
    var mask = isCausal ? causalMask(q, k) : nil
    if let lengths {
      let live = isLive(lengths: lengths, time: k.shape[2]).expanded(at: 1).expanded(at: 1)
      mask = mask.map { live.emit(.binary(.and), [$0]) } ?? live
    }
    let seen = attentionWithWeights(q, k, v, mask: mask)
    let gathered = byPosition(seen.context)
    let width = Dimension(constant: heads * headWidth)
    return AttentionOutput(
      context: output(gathered.reshaped(to: [gathered.shape[0], gathered.shape[1], width])),
      weights: seen.weights)
  }

  /// `[batch, time, heads, width]` and `[batch, heads, time, width]`, one from the other.
  private func byHead(_ x: Tensor) -> Tensor { x.transposed([0, 2, 1, 3]) }
  private func byPosition(_ x: Tensor) -> Tensor { x.transposed([0, 2, 1, 3]) }

  /// Every head of keys or values once for each head of queries that shares it.
  private func shared(_ x: Tensor) -> Tensor {
    guard keyHeads != heads, x.rank == 4, keyHeads > 0 else { return x }
    var shape = x.shape
    shape.insert(Dimension(constant: heads / keyHeads), at: 2)
    let (batch, time, width) = (x.shape[0], x.shape[2], x.shape[3])
    return x.expanded(at: 2).broadcast(to: shape)
      .reshaped(to: [batch, Dimension(constant: heads), time, width])
  }

  private func joined(_ x: Tensor, from head: Int, _ count: Int) -> Tensor {
    guard let joint else { return x.withoutValue }
    return joint(x).slice(
      axis: -1, from: Dimension(constant: head * headWidth),
      size: Dimension(constant: count * headWidth))
  }

  private func split(_ x: Tensor, _ heads: Int) -> Tensor {
    guard x.rank == 3 else { return x }
    return x.reshaped(
      to: [
        x.shape[0], x.shape[1], Dimension(constant: heads), Dimension(constant: headWidth),
      ])
  }

  private func isSequence(_ x: Tensor) -> Bool {
    if x.value != nil, x.rank != 3 {
      x.trace.context.fail("attention takes [batch, time, width], got \(x.type)", nil)
    }
    return x.value != nil && x.rank == 3
  }
}
