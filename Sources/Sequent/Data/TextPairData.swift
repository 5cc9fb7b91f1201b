import SequentIR

/// Pairs of a source and a target text, encoded for a model.
///
/// A batch has `source` i32 `[batch, sourceTime]` and `source_lengths`, `target` i32
/// `[batch, targetTime]` and `target_lengths`, and `labels` i32 `[batch, targetTime]`: the target is
/// what the decoder reads, the begin and then the target's tokens; the labels are what it is to say,
/// the target's tokens and then the end, `Batch.ignoredLabel` behind that.
public struct TextPairData: ExampleSource {
  /// Two records for every example: the source's tokens, and the target's.
  private let records: RecordStore
  private let begin: Int32
  private let end: Int32
  /// The examples of every source, in the order of their first.
  private let groups: [[Int]]

  /// Reads and encodes all examples.
  ///
  /// - Parameter target: an encoding that has a begin and an end.
  public init(_ reader: TextPairReader, source: TextEncoding, target: TextEncoding) throws {
    guard let begin = target.begin, let end = target.end else {
      throw VocabularyError(message: "the encoding of the targets has no begin and end")
    }
    (self.begin, self.end) = (Int32(clamping: begin), Int32(clamping: end))
    let (sourceEncoder, targetEncoder) = (source.encoder(), target.encoder())
    var records = RecordStore.Builder()
    var sources = ByteStringTable()
    var groups: [[Int]] = []
    try reader.forEach { example, line in
      let source = sourceEncoder.encode(example.source)
      guard !source.isEmpty else { throw line.problem("a source without tokens, expected some") }
      let group = example.source.withUTF8Bytes { sources.insert($0) }
      if group == groups.count { groups.append([]) }
      groups[group].append(records.count / 2)
      try records.append(source)
      try records.append(targetEncoder.encode(example.target))
    }
    self.records = try records.finished()
    self.groups = groups
  }

  /// How many examples there are: pairs.
  public var count: Int { records.count / 2 }

  /// The examples of every source, in the order in which the sources were read.
  public var examplesBySource: [[Int]] { groups }

  /// The tokens of an example's source.
  public func source(of example: Int) throws -> [Int32] { try records.record(2 * example) }

  /// The tokens of an example's target.
  public func target(of example: Int) throws -> [Int32] { try records.record(2 * example + 1) }

  /// Every source once, with all its targets.
  func references() throws -> [TrainingData.Reference] {
    try groups.map { examples in
      TrainingData.Reference(
        source: try source(of: examples[0]), accepted: try examples.map(target(of:)))
    }
  }

  /// How many tokens the source and the labels of an example have.
  public func size(of example: Int) -> ExampleSize {
    ExampleSize(
      input: records.length(of: 2 * example), output: records.length(of: 2 * example + 1) + 1)
  }

  /// Some examples as a batch.
  public func batch(_ examples: [Int]) throws -> Batch {
    let sources = try examples.map(source(of:))
    let targets = try examples.map(target(of:))
    let read = targets.map { [begin] + $0 }
    return Batch(
      tensors: [
        "source": try .padded(sources, with: 0),
        "source_lengths": try .lengths(sources),
        "target": try .padded(read, with: 0),
        "target_lengths": try .lengths(read),
        "labels": try .padded(targets.map { $0 + [end] }, with: Batch.ignoredLabel),
      ], examples: examples,
      tokenCount: sources.reduce(0) { $0 + $1.count } + read.reduce(0) { $0 + $1.count })
  }
}
