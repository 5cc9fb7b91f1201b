import SequentIR

/// What queries attend to, and what of it does not depend on them.
public struct AttentionMemory {
  /// What is gathered, `[batch, keys, valueWidth]`.
  public let values: Tensor
  /// What queries are matched with, `[batch, keys, width]`.
  public let keys: Tensor
  /// How many keys every row has, i32 `[batch]`; all, if there are none.
  public let lengths: Tensor?

  /// Creates a memory from its parts, keys being what `AttentionScore.keys` gives.
  public init(values: Tensor, keys: Tensor, lengths: Tensor? = nil) {
    (self.values, self.keys, self.lengths) = (values, keys, lengths)
  }

  /// A memory with the keys of a score.
  init(
    _ values: Tensor, _ lengths: Tensor?, _ score: some AttentionScore, _ location: SourceLocation
  ) {
    let context = values.trace.context
    self = context.scope(context.path(of: score), location) {
      guard values.value == nil || values.rank == 3 else {
        context.fail("attention: values are \(values.type), expected [batch, keys, width]", nil)
        return AttentionMemory(values: values.withoutValue, keys: values.withoutValue)
      }
      return AttentionMemory(values: values, keys: score.keys(values), lengths: lengths)
    }
  }

  /// Which keys there are, booleans `[batch, 1, keys]`.
  ///
  /// It compares in the graph of `trace`, a step of a decoder for example: there the comparison is
  /// part of what becomes one kernel.
  func mask(in trace: Trace) -> Tensor? {
    lengths.map { isLive(lengths: trace.inside($0), time: keys.shape[1]).expanded(at: 1) }
  }

  /// The innermost graph of the queries' and the memory's.
  func trace(with queries: Tensor) -> Trace {
    [values, keys].reduce(queries.trace) { $1.trace.isInside($0) ? $1.trace : $0 }
  }
}

extension Trace {
  /// A tensor of this graph or of one around it, as one of this.
  func inside(_ tensor: Tensor) -> Tensor {
    Tensor(trace: self, value: resolve(tensor), type: tensor.type)
  }
}
