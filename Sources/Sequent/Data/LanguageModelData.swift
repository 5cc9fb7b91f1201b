import SequentIR

/// Running text, encoded for a language model.
public struct LanguageModelData: Sendable {
  private let tokens: RecordStore

  /// How many characters (Unicode scalars) the text has, line ends included: for bits per character.
  public let characterCount: Int

  /// Reads and encodes the text.
  ///
  /// Where a token is a word and the encoding has an end, that is the token of a line's end.
  public init(_ reader: PlainTextReader, text: TextEncoding) throws {
    let encoder = text.encoder()
    let lineEnd = text.unit == .word ? text.end.map { Int32(clamping: $0) } : nil
    var tokens = RecordStore.Builder()
    var characters = 0
    try reader.forEach { block, _ in
      characters += block.unicodeScalars.count
      guard let lineEnd else {
        try tokens.append(encoder.encode(block))
        return
      }
      let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated() {
        try tokens.append(
          encoder.encode(String(line)) + (number < lines.count - 1 ? [lineEnd] : []))
      }
    }
    self.tokens = try tokens.finished()
    characterCount = characters
    guard tokenCount > 1 else {
      throw FormatError(
        file: reader.files.map(\.name).joined(separator: ", "),
        reason: "a text of \(tokenCount == 1 ? "1 token" : "no tokens"), expected at least 2")
    }
  }

  /// How many tokens the text has.
  public var tokenCount: Int { tokens.valueCount }

  /// Tokens of the text, by their place.
  public func tokens(_ range: Range<Int>) throws -> [Int32] { try tokens.values(range) }

  /// Batches for truncated backpropagation through time.
  ///
  /// - Parameters:
  ///   - streams: how many parts of the text are read side by side.
  ///   - window: how many tokens of each a batch has.
  public func batches(streams: Int, window: Int) -> LanguageModelBatches {
    LanguageModelBatches(data: self, streams: streams, window: window)
  }
}

/// Running text as equally long streams side by side, read window by window.
///
/// A row goes on where the same row of the batch before ended, so a recurrent state is carried over;
/// every token but the first is predicted once in a pass. A batch has `tokens` i32 `[streams, time]`,
/// `lengths` i32 `[streams]`, and `labels` i32 `[streams, time]`, the tokens that follow,
/// `Batch.ignoredLabel` behind the end of a row. Only the last streams can end early.
public struct LanguageModelBatches: BatchSource {
  private let data: LanguageModelData
  private let streams: Int
  private let window: Int

  init(data: LanguageModelData, streams: Int, window: Int) {
    precondition(streams > 0 && window > 0, "a batch holds at least one token")
    self.data = data
    self.streams = streams
    self.window = window
  }

  /// The batches of a pass; the order of a text is the same in all of them.
  public func epoch(_ number: Int) -> Epoch {
    let predictions = data.tokenCount - 1
    let streamLength = (predictions + streams - 1) / streams
    let batchCount = (streamLength + window - 1) / window
    return Epoch(number: number, batchCount: batchCount) { [self] batch in
      let rows = try (0..<streams).map { stream in
        let end = min((stream + 1) * streamLength, predictions)
        let start = min(stream * streamLength + batch * window, end)
        let count = min(window, end - start)
        return count > 0 ? try data.tokens(start..<start + count + 1) : []
      }
      let read = rows.map { $0.dropLast() }
      return Batch(
        tensors: [
          "tokens": try .padded(read, with: 0),
          "lengths": try .lengths(read),
          "labels": try .padded(rows.map { $0.dropFirst() }, with: Batch.ignoredLabel),
        ], examples: Array(0..<streams), tokenCount: read.reduce(0) { $0 + $1.count },
        continuesState: batch > 0)
    }
  }
}
