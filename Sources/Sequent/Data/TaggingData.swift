import SequentIR

/// Sequences with a label for every token, encoded for a model.
///
/// A batch has `tokens` i32 `[batch, time]`, `lengths` i32 `[batch]`, and `labels` i32
/// `[batch, time]`, `Batch.ignoredLabel` behind the end of a row, and at tokens that begin no word.
public struct TaggingData: ExampleSource {
  /// A record for every example: its tokens, then as many labels.
  private let records: RecordStore

  /// Reads and encodes all examples; a label that the task does not have is an error.
  public init(_ reader: LabelledTokensReader, task: ModelTask) throws {
    let encoder = task.text.encoder()
    let labels = LabelNumbers(task.labels)
    var records = RecordStore.Builder()
    try reader.forEach { example, line in
      let (tokens, places) = encoder.encode(words: example.tokens)
      // Of a word in pieces the first has the label.
      var numbers = Array(repeating: Batch.ignoredLabel, count: tokens.count)
      for (place, label) in zip(places, example.labels) {
        numbers[place] = try labels.number(of: label, at: line)
      }
      try records.append(tokens + numbers)
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
