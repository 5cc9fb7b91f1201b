import SequentIR
import SequentRuntime

/// Reading of which only the most probable tokens are wanted.
///
/// To prove which token is the most probable takes a quarter of the vocabulary's weights, in a model whose
/// vocabulary is large; the logits that are left out can be had later.
extension CachedReader {
  /// Reads a token in every row, and chooses the most probable of those that may follow it.
  ///
  /// That is the first of those with the largest logit; NaN is never the largest.
  ///
  /// - Throws: `ContextError` for a row that would have more tokens than the model sees, `PredictionError`
  ///   for another number of tokens than of rows.
  public func choose(after tokens: [Int32]) throws -> [Int32] {
    guard let choose = choice?.choose else {
      try read(tokens)
      return try mostProbable()
    }
    try read(tokens, by: choose)
    return try choose.withOutput("token", as: Int32.self) { chosen in
      (0..<rowCount).map { chosen[$0] }
    }
  }

  /// The most probable of the tokens that may follow each row, by all logits.
  public func mostProbable() throws -> [Int32] {
    try withLogits { logits in
      stride(from: 0, to: logits.count, by: vocabularySize).map { start in
        logits.extracting(start..<start + vocabularySize).firstLargest
      }
    }
  }

  /// Whether so many rows are chosen for with less than all logits.
  func choosesFast(rows: Int) -> Bool {
    width.map { Shortlist.pays(rows: rows, weights: $0 * vocabularySize) } ?? false
  }

  /// How wide the vectors before logits are.
  private var width: Int? { choice?.head.function.inputs[0].type.shape[1].staticSize }

  /// The vectors before the logits of what follows every row, `[rows, width]`; nil where `choose` was not the
  /// last to read.
  func hidden() throws -> [Float]? {
    guard let choose = choice?.choose, latest === choose else { return nil }
    return try choose.withOutput("hidden") { hidden in
      // Rows that were forked since have none of their own.
      (0..<min(rowCount * (width ?? 0), hidden.count)).map { hidden[$0] }
    }
  }

  /// Calls `body` with the logits `[count, vocabulary]` of such vectors: the bits that `read` gives.
  func withLogits<Result>(
    of hidden: [Float], _ body: (Span<Float>) throws -> Result
  ) throws -> Result {
    guard let head = choice?.head, let width else {
      throw PredictionError(message: "the model has no function 'head'")
    }
    let rows = hidden.count / width
    try head.bind(["rows": rows])
    try head.withInput("hidden") { input in
      for index in hidden.indices { input[index] = hidden[index] }
    }
    try head.run()
    return try head.withOutput("logits", body)
  }
}

extension Span<Float> {
  /// Where the largest number stands first; 0 where there is none.
  fileprivate var firstLargest: Int32 {
    var (best, position) = (-Float.infinity, 0)
    for index in indices where self[index] > best { (best, position) = (self[index], index) }
    return Int32(truncatingIfNeeded: position)
  }
}
