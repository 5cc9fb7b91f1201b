import SequentIR

/// Texts with a label each, encoded for a model.
///
/// A batch has `tokens` i32 `[batch, time]`, `lengths` i32 `[batch]`, and `labels` i32 `[batch]`.
public struct ClassificationData: ExampleSource {
  /// A record for every example: its label, then its tokens.
  private let records: RecordStore

  /// Reads and encodes all examples; a label that the task does not have is an error.
  public init(_ reader: LabelledTextReader, task: ModelTask) throws {
    let encoder = task.text.encoder()
    let labels = LabelNumbers(task.labels)
    var records = RecordStore.Builder()
    try reader.forEach { example, line in
      let label = try labels.number(of: example.label, at: line)
      let tokens = encoder.encode(example.text)
      guard !tokens.isEmpty else { throw line.problem("a text without tokens, expected some") }
      try records.append([label] + tokens)
    }
    self.records = try records.finished()
  }

  /// How many examples there are.
  public var count: Int { records.count }

  /// How many tokens an example has.
  public func size(of example: Int) -> ExampleSize {
    ExampleSize(input: records.length(of: example) - 1)
  }

  /// Some examples as a batch.
  public func batch(_ examples: [Int]) throws -> Batch {
    let rows = try examples.map(records.record)
    let tokens = rows.map { $0.dropFirst() }
    return Batch(
      tensors: [
        "tokens": try .padded(tokens, with: 0),
        "lengths": try .lengths(tokens),
        "labels": try .int32(rows.map { $0[0] }, shape: [rows.count]),
      ], examples: examples, tokenCount: tokens.reduce(0) { $0 + $1.count })
  }
}

/// The numbers of labels.
struct LabelNumbers {
  private let labels: [String]
  private let numbers: [String: Int32]

  init(_ labels: [String]) {
    self.labels = labels
    numbers = Dictionary(
      labels.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The number of a label, or an error that says which ones there are.
  func number(of label: String, at line: FileLine) throws -> Int32 {
    if let number = numbers[label] { return number }
    let shown = labels.prefix(12).joined(separator: ", ") + (labels.count > 12 ? ", …" : "")
    throw line.problem("the label '\(label)', expected one of \(shown)")
  }
}
