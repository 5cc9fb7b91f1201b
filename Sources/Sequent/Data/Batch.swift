import SequentIR

/// Some examples as the tensors that a model takes.
public struct Batch: Sendable {
  /// The label of a place that has none: behind the end of a row.
  public static let ignoredLabel: Int32 = -1

  /// The inputs by name: what the model reads, and what it is compared with.
  public let tensors: [String: TensorData]
  /// Which examples the rows are, or which streams of running text.
  public let examples: [Int]
  /// How many tokens or steps the rows have, without padding.
  public let tokenCount: Int
  /// Whether the rows go on where those of the batch before ended, so that states are carried over.
  public let continuesState: Bool

  /// Creates a batch.
  public init(
    tensors: [String: TensorData], examples: [Int], tokenCount: Int, continuesState: Bool = false
  ) {
    self.tensors = tensors
    self.examples = examples
    self.tokenCount = tokenCount
    self.continuesState = continuesState
  }
}

extension TensorData {
  /// Rows of different lengths as i32 `[rows, longest]`, filled up with `padding`.
  static func padded(_ rows: [some Collection<Int32>], with padding: Int32) throws -> TensorData {
    let width = rows.map(\.count).max() ?? 0
    var values: [Int32] = []
    values.reserveCapacity(rows.count * width)
    for row in rows {
      values.append(contentsOf: row)
      values.append(contentsOf: repeatElement(padding, count: width - row.count))
    }
    return try .int32(values, shape: [rows.count, width])
  }

  /// The lengths of rows as i32 `[rows]`.
  static func lengths(_ rows: [some Collection<Int32>]) throws -> TensorData {
    try .int32(rows.map { Int32($0.count) }, shape: [rows.count])
  }
}
