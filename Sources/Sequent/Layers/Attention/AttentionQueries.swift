import SequentIR

/// Queries with an axis of their own, and the keys that they may see.
struct AttentionQueries {
  /// `[batch, queries, width]`.
  let queries: Tensor
  /// What they are matched with and what they gather, in the graph of the queries' step.
  let keys, values: Tensor
  /// What stretches to `[batch, queries, keys]`: where false a query does not see a key.
  let mask: Tensor?
  private let isOne: Bool

  /// Brings queries `[batch, queries, width]` or `[batch, width]` into form; nil for a mistake.
  init?(_ queries: Tensor, _ memory: AttentionMemory) {
    guard queries.value != nil, memory.keys.value != nil else { return nil }
    guard queries.rank == 2 || queries.rank == 3 else {
      queries.trace.context.fail(
        "attention: queries are \(queries.type), expected [batch, width] or [batch, queries, width]",
        nil)
      return nil
    }
    isOne = queries.rank == 2
    self.queries = isOne ? queries.expanded(at: 1) : queries
    let trace = memory.trace(with: queries)
    (keys, values) = (trace.inside(memory.keys), trace.inside(memory.values))
    mask = memory.mask(in: trace)
  }

  /// A result `[batch, queries, …]`, without the axis of queries if they had none.
  func result(_ tensor: Tensor) -> Tensor {
    guard isOne, tensor.value != nil else { return tensor }
    var shape = tensor.shape
    shape.remove(at: 1)
    return tensor.reshaped(to: shape)
  }

  /// What is given for every query, with the axis of queries.
  func aligned(_ tensor: Tensor) -> Tensor { isOne ? tensor.expanded(at: 1) : tensor }
}
