import Foundation

/// How a model that decodes looks for its answers, and what they are ranked by.
///
/// The score of an answer Y to a source X, with its end, is (Wu et al., 2016, equation 14)
///
///     s(Y, X) = log P(Y | X) / ((5 + |Y|) / 6)^α + β Σᵢ log min(Σⱼ aⱼᵢ, 1)
///
/// with the length penalty α, the coverage penalty β and the weight aⱼᵢ with which token j attends to
/// position i of the source. A position that gets less than 10⁻¹⁰ counts as that.
public struct DecodingOptions: Hashable, Sendable {
  /// How many hypotheses are followed side by side; nil for tokens chosen one by one by `sampling`.
  public var beamWidth: Int?
  /// How a token is chosen where there is no beam; the most probable one at first.
  public var sampling = Sampling.greedy
  /// How many answers a source gets: the best of a beam, or as many samples.
  public var count = 1
  /// α: 0 prefers short answers, 1 nearly compares the mean of the tokens' logarithms.
  public var lengthPenalty = 0.6
  /// β: how much it costs to leave parts of the source without attention.
  public var coveragePenalty = 0.0
  /// The most tokens of an answer, its end among them; twice the source's and 10 more if nil.
  public var maximumLength: Int?
  /// What every answer begins with.
  public var prefix: [Int32] = []
  /// Whether answers say what their tokens attend to.
  public var recordsAttention = false

  /// The most probable token at every step.
  public init() {}

  /// The best of a beam.
  public static func beam(_ width: Int, best count: Int = 1) -> DecodingOptions {
    var options = DecodingOptions()
    (options.beamWidth, options.count) = (width, count)
    return options
  }

  /// The most tokens of an answer to a source, its end among them.
  func maximumLength(sourceLength: Int) -> Int {
    maximumLength ?? 2 * sourceLength + 10 + prefix.count
  }

  /// s(Y, X) of an answer of a length and a log probability.
  func score(_ logProbability: Double, length: Int, coverage: [Double]) -> Double {
    logProbability / lengthFactor(length)
      + coveragePenalty * coverage.reduce(0) { $0 + Foundation.log(min(max($1, 1e-10), 1)) }
  }

  /// ((5 + length) / 6)^α.
  func lengthFactor(_ length: Int) -> Double {
    Foundation.pow((5 + Double(length)) / 6, lengthPenalty)
  }

  /// Finds out whether the numbers make sense.
  ///
  /// - Throws: `GenerationError` for the first that does not.
  func check() throws(GenerationError) {
    try sampling.check()
    let conditions = [
      (beamWidth ?? 1 > 0, "a beam of \(beamWidth ?? 1), expected at least 1"),
      (count > 0, "\(count) answers, expected at least 1"),
      (
        count <= beamWidth ?? count,
        "\(count) answers of a beam of \(beamWidth ?? 1), expected at most as many as it is wide"
      ),
      (
        lengthPenalty >= 0 && lengthPenalty.isFinite,
        "length penalty \(lengthPenalty), expected at least 0"
      ),
      (
        coveragePenalty >= 0 && coveragePenalty.isFinite,
        "coverage penalty \(coveragePenalty), expected at least 0"
      ),
      (
        maximumLength ?? 1 > 0,
        "answers of at most \(maximumLength ?? 1) tokens, expected at least 1"
      ),
      (
        maximumLength ?? .max > prefix.count,
        "answers of at most \(maximumLength ?? 0) tokens, but they begin with \(prefix.count)"
      ),
    ]
    for (holds, problem) in conditions where !holds { throw GenerationError(message: problem) }
  }
}
