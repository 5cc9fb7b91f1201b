import Foundation

/// The logarithms of softmax(logits), in double: log p(i) = xᵢ - max x - log Σ exp(x - max x).
struct LogProbabilities {
  private let normalizer: Double

  /// Sums up a token's logits.
  ///
  /// - Throws: `GenerationError` when one is NaN or the largest is infinite.
  init(_ logits: Span<Float>) throws {
    var largest = -Double.infinity
    for index in logits.indices {
      let logit = Double(logits[index])
      guard !logit.isNaN else {
        throw GenerationError(message: "the model's logit of token \(index) is NaN")
      }
      largest = max(largest, logit)
    }
    guard largest.isFinite else {
      throw GenerationError(message: "the model's largest logit is \(largest)")
    }
    var sum = 0.0
    for index in logits.indices { sum += Foundation.exp(Double(logits[index]) - largest) }
    normalizer = largest + Foundation.log(sum)
  }

  /// The logarithm of a token's probability.
  func callAsFunction(_ logit: Float) -> Double { Double(logit) - normalizer }
}
