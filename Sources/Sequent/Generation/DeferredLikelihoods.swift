/// The likelihoods of tokens that were chosen before all logits were known.
///
/// The vectors before the logits are kept until there are many: one product over the vocabulary then serves
/// them all, where each token alone would take as long.
struct DeferredLikelihoods<Row> {
  private var rows: [Row] = []
  private var tokens: [Int32] = []
  /// `[tokens, width]`.
  private var hidden: [Float] = []
  private var reader: CachedReader?

  /// How many tokens are kept.
  private static var limit: Int { 64 }

  /// Keeps tokens that were chosen for some rows, in a reader's order.
  ///
  /// - Parameter visit: takes a row and the logarithm of its next token's probability.
  mutating func add(
    _ chosen: [Int32], in chosenRows: [Row], _ reader: CachedReader,
    _ visit: (Row, Double) -> Void
  ) throws {
    rows += chosenRows
    tokens += chosen
    hidden += try reader.hidden() ?? []
    self.reader = reader
    if tokens.count >= Self.limit { try finish(visit) }
  }

  /// Visits all that are kept, in the order in which they were chosen.
  ///
  /// - Throws: `GenerationError` for logits that are NaN, or infinite.
  mutating func finish(_ visit: (Row, Double) -> Void) throws {
    guard let reader, !tokens.isEmpty else { return }
    try reader.withLogits(of: hidden) { logits in
      for (index, token) in tokens.enumerated() {
        let own = logits.extracting(
          index * reader.vocabularySize..<(index + 1) * reader.vocabularySize)
        visit(rows[index], try LogProbabilities(own)(own[Int(token)]))
      }
    }
    (rows, tokens, hidden) = ([], [], [])
  }
}
