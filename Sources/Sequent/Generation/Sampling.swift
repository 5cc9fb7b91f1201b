/// How the next token is chosen, of a language model's logits x.
///
/// What is set works in this order, that of Hugging Face's `generate`, each on what those before it
/// have left:
///
/// 1. `repetitionPenalty` θ: x becomes x/θ where x > 0 and x·θ elsewhere, for every token among the
///    last `repetitionWindow` (Keskar et al., 2019).
/// 2. `temperature` T: p = softmax(x / T). At 0 the token of the largest logit is taken, and
///    nothing is drawn.
/// 3. `topK`: the k most probable tokens stay.
/// 4. `topP`: the fewest of the most probable whose sum is at least p stay (Holtzman et al., 2019).
/// 5. `minP`: those stay that have at least this share of the largest probability (Nguyen et al.,
///    2024).
///
/// The most probable token always stays; of equally probable ones the lower number comes first.
public struct Sampling: Hashable, Sendable {
  /// What logits are divided by: below 1 the probable becomes more so; 0 is greedy.
  public var temperature = 1.0
  /// How many tokens stay; all without it.
  public var topK: Int?
  /// The probability that the tokens that stay have together.
  public var topP = 1.0
  /// The least share of the largest probability.
  public var minP = 0.0
  /// How much less likely a token is that was there before; 1 is not at all.
  public var repetitionPenalty = 1.0
  /// How many tokens back the penalty looks.
  public var repetitionWindow = 64
  /// What tokens are drawn from: the same seed draws the same.
  public var seed: UInt64 = 0

  /// The model's own distribution.
  public init() {}

  /// Always the most probable token.
  public static var greedy: Sampling {
    var sampling = Sampling()
    sampling.temperature = 0
    return sampling
  }

  /// Whether the token of the largest logit is taken, whatever the others are.
  var isArgMax: Bool { temperature == 0 && repetitionPenalty == 1 }

  /// Finds out whether the numbers make sense.
  ///
  /// - Throws: `GenerationError` for the first that does not.
  func check() throws(GenerationError) {
    let conditions = [
      (temperature >= 0 && temperature.isFinite, "temperature \(temperature), expected at least 0"),
      (topK.map { $0 > 0 } ?? true, "top-k \(topK ?? 0), expected at least 1"),
      (topP > 0 && topP <= 1, "top-p \(topP), expected more than 0 and at most 1"),
      (minP >= 0 && minP <= 1, "min-p \(minP), expected 0 to 1"),
      (
        repetitionPenalty > 0 && repetitionPenalty.isFinite,
        "repetition penalty \(repetitionPenalty), expected more than 0"
      ),
      (repetitionWindow >= 0, "repetition window \(repetitionWindow), expected at least 0"),
    ]
    for (holds, problem) in conditions where !holds { throw GenerationError(message: problem) }
  }
}

/// What text can't be generated or scored with.
public struct GenerationError: Error, CustomStringConvertible {
  /// What is wrong.
  public let message: String

  /// The message.
  public var description: String { message }
}
