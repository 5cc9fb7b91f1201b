import SequentIR

/// Sequences with a label for every token, encoded for a model.
///
/// A batch has `tokens` i32 `[batch, time]`, `lengths` i32 `[batch]`, and `labels` i32
/// `[batch, time]`, `Batch.ignoredLabel` behind the end of a row.
public struct TaggingData: ExampleSource {
  /// A record for every example: its tokens, then as many labels.
  private let records: RecordStore

  /// Reads and encodes all examples; a label that the task does not have is an error.
  public init(_ reader: LabelledTokensReader, task: ModelTask) throws {
    let encoder = task.text.encoder()
    let labels = LabelNumbers(task.labels)
    var records = RecordStore.Builder()
    try reader.forEach { example, line in
      try records.append(
        example.tokens.map(encoder.number)
          + example.labels.map { try labels.number(of: $0, at: line) })
    }
    self.records = try records.finished()
  }

  /// How many examples there are.
  public var count: Int { records.count }

  /// How many tokens an example has.
  public func size(of example: Int) -> ExampleSize {
    ExampleSize(input: records.length(of: example) / 2)
  }

  /// Some examples as a batch.
  public func batch(_ examples: [Int]) throws -> Batch {
    let rows = try examples.map(records.record)
    let tokens = rows.map { $0.prefix($0.count / 2) }
    return Batch(
      tensors: [
        "tokens": try .padded(tokens, with: 0),
        "lengths": try .lengths(tokens),
        "labels": try .padded(
          rows.map { $0.suffix($0.count / 2) }, with: Batch.ignoredLabel),
      ], examples: examples, tokenCount: tokens.reduce(0) { $0 + $1.count })
  }
}
