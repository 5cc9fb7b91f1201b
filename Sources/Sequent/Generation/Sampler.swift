import Foundation

/// Chooses one token after another, by a `Sampling`.
///
/// The n-th draw takes the n-th number of a counter-based generator: it depends on the seed, the
/// stream and the logits, and on nothing that runs beside it.
public struct Sampler: Sendable {
  /// A token that may be chosen.
  private struct Candidate: Comparable {
    let token: Int32
    var score: Double
    /// exp((score - the largest) / temperature).
    var weight = 0.0

    /// By score; of equal ones the lower number is the greater.
    static func < (left: Candidate, right: Candidate) -> Bool {
      left.score != right.score ? left.score < right.score : left.token > right.token
    }
  }

  private let sampling: Sampling
  private let excluded: [Int32]
  private var generator: CounterGenerator
  /// In the order of the tokens.
  private var candidates: [Candidate] = []

  /// Creates a sampler.
  ///
  /// - Parameters:
  ///   - stream: tells apart what is drawn from one seed.
  ///   - excluded: tokens that are never chosen.
  /// - Throws: `GenerationError` for numbers that make no sense.
  public init(_ sampling: Sampling, stream: String = "", excluding excluded: [Int32] = []) throws {
    try sampling.check()
    self.sampling = sampling
    self.excluded = excluded
    generator = CounterGenerator(seed: sampling.seed, stream: stream)
  }

  /// The next token.
  ///
  /// - Parameters:
  ///   - logits: the model's, by token.
  ///   - tokens: those before it, the last at the end.
  /// - Throws: `GenerationError` for logits that are NaN or leave no token.
  public mutating func next(
    _ logits: Span<Float>, after tokens: some BidirectionalCollection<Int32>
  ) throws -> Int32 {
    try take(logits)
    if sampling.repetitionPenalty != 1 { penalize(Set(tokens.suffix(sampling.repetitionWindow))) }
    guard let best = candidates.max() else {
      throw GenerationError(message: "the model gives no token a probability: every logit is -inf")
    }
    guard sampling.temperature > 0 else { return best.token }
    if let count = sampling.topK, count < candidates.count { keepBest(count) }
    for index in candidates.indices {
      let score = candidates[index].score
      // Equal ones weigh 1 even when they are infinite.
      candidates[index].weight =
        score == best.score ? 1 : Foundation.exp((score - best.score) / sampling.temperature)
    }
    if sampling.topP < 1 { keepNucleus() }
    if sampling.minP > 0 { candidates.removeAll { $0.weight < sampling.minP } }
    return draw() ?? best.token
  }

  private mutating func take(_ logits: Span<Float>) throws {
    candidates.removeAll(keepingCapacity: true)
    for index in logits.indices {
      let (logit, token) = (logits[index], Int32(truncatingIfNeeded: index))
      guard !logit.isNaN else {
        throw GenerationError(message: "the model's logit of token \(index) is NaN")
      }
      guard logit > -.infinity, !excluded.contains(token) else { continue }
      candidates.append(Candidate(token: token, score: Double(logit)))
    }
  }

  private mutating func penalize(_ seen: Set<Int32>) {
    for index in candidates.indices where seen.contains(candidates[index].token) {
      let score = candidates[index].score
      candidates[index].score =
        score > 0 ? score / sampling.repetitionPenalty : score * sampling.repetitionPenalty
    }
  }

  private mutating func keepBest(_ count: Int) {
    // The best so far but for the least of them, which is the one to beat.
    var heap = Heap<Candidate>()
    var last: Candidate?
    for (index, candidate) in candidates.enumerated() {
      if let last, candidate < last { continue }
      heap.insert(candidate)
      if index >= count - 1 { last = heap.popFirst() }
    }
    if let last { candidates.removeAll { $0 < last } }
  }

  private mutating func keepNucleus() {
    let sum = candidates.reduce(0) { $0 + $1.weight }
    // All that are less probable than this are together less than what is left out.
    let least = (1 - sampling.topP) * sum / Double(candidates.count)
    var share = 0.0
    for candidate in candidates.filter({ $0.weight >= least }).sorted(by: >) {
      share += candidate.weight
      guard share >= sampling.topP * sum else { continue }
      candidates.removeAll { $0 < candidate }
      return
    }
  }

  /// A candidate with the probability of its weight; nil when rounding leaves none.
  private mutating func draw() -> Int32? {
    let sum = candidates.reduce(0) { $0 + $1.weight }
    var rest = generator.uniform() * sum
    for candidate in candidates {
      rest -= candidate.weight
      if rest < 0 { return candidate.token }
    }
    return nil
  }
}
