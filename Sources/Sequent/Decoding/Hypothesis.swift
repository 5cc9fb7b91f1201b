/// An answer of a model that decodes.
public struct Hypothesis: Hashable, Sendable {
  /// The tokens, without the one that ends them.
  public let tokens: [Int32]
  /// The logarithm of their probability and, where the answer is complete, of the end's, in nats.
  public let logProbability: Double
  /// What hypotheses are ranked by: see `DecodingOptions`.
  public let score: Double
  /// Whether the model ended the answer; it is otherwise as long as it may be.
  public let isComplete: Bool
  /// What each token attends to, `[tokens, source]`; empty where it is not asked for.
  public let attention: [[Float]]
}

/// A hypothesis while it grows.
struct GrowingHypothesis {
  /// What it has said.
  private(set) var tokens: [Int32] = []
  /// The logarithm of its probability.
  private(set) var logProbability = 0.0
  private var attention: [[Float]] = []
  /// The sum of what its tokens attend to, by source position, where there is a coverage penalty.
  private var coverage: [Double] = []

  /// Says a token.
  ///
  /// - Parameters:
  ///   - logProbability: that of the token.
  ///   - weights: what it attends to.
  mutating func append(
    _ token: Int32, _ logProbability: Double, attention weights: Span<Float>,
    _ options: DecodingOptions
  ) {
    tokens.append(token)
    self.logProbability += logProbability
    if options.coveragePenalty > 0 {
      if coverage.isEmpty { coverage = Array(repeating: 0, count: weights.count) }
      for place in weights.indices { coverage[place] += Double(weights[place]) }
    }
    if options.recordsAttention { attention.append(weights.indices.map { weights[$0] }) }
  }

  /// The hypothesis as an answer.
  ///
  /// - Parameter end: the token that ends answers.
  func finished(end: Int32, _ options: DecodingOptions) -> Hypothesis {
    let isComplete = tokens.last == end
    let count = tokens.count - (isComplete ? 1 : 0)
    return Hypothesis(
      tokens: Array(tokens.prefix(count)), logProbability: logProbability,
      score: options.score(logProbability, length: tokens.count, coverage: coverage),
      isComplete: isComplete, attention: Array(attention.prefix(count)))
  }
}
