import SequentIR

/// Rows of tokens put together in batches of about the same length, which need little padding.
struct RaggedBatches: Sequence {
  /// The rows' numbers, batch by batch: the shortest rows first.
  private let batches: [[Int]]

  /// Batches of at most so many tokens each, padding included, or of one row.
  init(lengths: [Int], tokensPerBatch: Int) {
    var batches: [[Int]] = []
    for row in lengths.indices.sorted(by: { (lengths[$0], $0) < (lengths[$1], $1) }) {
      let rows = (batches.last?.count ?? 0) + 1
      if rows > 1, rows * Swift.max(lengths[row], 1) <= tokensPerBatch {
        batches[batches.count - 1].append(row)
      } else {
        batches.append([row])
      }
    }
    self.batches = batches
  }

  func makeIterator() -> IndexingIterator<[[Int]]> { batches.makeIterator() }
}

extension Collection<[Int32]> {
  /// The rows as inputs of a model: `tokens` i32 `[batch, time]`, padded with 0, and `lengths` i32
  /// `[batch]`.
  func modelInputs() throws -> [String: TensorData] {
    let time = Swift.max(map(\.count).max() ?? 0, 1)
    let padded = flatMap { $0 + Array(repeating: 0, count: time - $0.count) }
    return [
      "tokens": try .int32(padded, shape: [count, time]),
      "lengths": try .int32(map { Int32($0.count) }, shape: [count]),
    ]
  }
}
