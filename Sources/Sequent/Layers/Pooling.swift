import SequentIR

/// One vector for a sequence: `[batch, time, width]` to `[batch, width]`.
public enum Pooling: String, Sendable, CaseIterable {
  /// The last step.
  case last
  /// The mean of the steps.
  case mean
  /// The largest of each feature.
  case maximum

  /// Pools over time.
  ///
  /// - Parameter lengths: i32 `[batch]`; steps at or past a row's length do not count, and a row of
  ///   length 0 gives zeros.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let location = SourceLocation(file: file, line: line)
    guard x.rank == 3 else {
      if x.value != nil {
        x.trace.context.fail(
          "pooling takes [batch, time, width], got \(x.type)", location)
      }
      return x.withoutValue
    }
    return x.trace.context.scope("", location) {
      guard let lengths else { return pool(x) }
      return pool(x, lengths)
    }
  }

  private func pool(_ x: Tensor) -> Tensor {
    switch self {
    case .last:
      x.slice(axis: 1, from: x.shape[1] + -1, size: 1)
        .reshaped(to: [x.shape[0], x.shape[2]])
    case .mean: x.mean(over: 1)
    case .maximum: x.maximum(over: 1)
    }
  }

  private func pool(_ x: Tensor, _ lengths: Tensor) -> Tensor {
    let live = isLive(lengths: lengths, time: x.shape[1]).expanded(at: 2)
    let rows = lengths.expanded(at: 1)
    switch self {
    case .last:
      let next = isLive(lengths: lengths + -1, time: x.shape[1]).expanded(at: 2)
      let isLast = live.emit(.binary(.and), [next.emit(.unary(.not))])
      return select(isLast, x, x.scalar(0)).sum(over: 1)
    case .mean:
      let count = rows.emit(.binary(.maximum), [rows.scalar(1)]).cast(to: .float32)
      return select(live, x, x.scalar(0)).sum(over: 1) / count
    case .maximum:
      let largest = select(live, x, x.scalar(-.infinity)).maximum(over: 1)
      return select(rows .== 0, x.scalar(0), largest)
    }
  }
}
