import Sequent

/// The options of `sequent predict` that say how tokens are drawn.
enum SamplingOptions {
  private static let temperature = Option<Double>(
    "temperature", "T",
    help: "what logits are divided by, 0 for always the most probable token; 1 when left out"
  ) { text throws(UsageError) in try decimalNumber(text, in: 0...1e6) }
  private static let topK = Option<Int>(
    "top-k", "K", help: "draw from the K most probable tokens"
  ) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000_000) }
  private static let topP = Option<Double>(
    "top-p", "P", help: "draw from the fewest tokens that have probability P together"
  ) { text throws(UsageError) in try positive(text, through: 1) }
  private static let minP = Option<Double>(
    "min-p", "P", help: "draw from tokens with at least P times the largest probability"
  ) { text throws(UsageError) in try decimalNumber(text, in: 0...1) }
  private static let repetitionPenalty = Option<Double>(
    "repetition-penalty", "R",
    help: "divide positive logits of the last 64 tokens by R, multiply negative ones"
  ) { text throws(UsageError) in try positive(text, through: 1e6) }
  private static let seed = Option<UInt64>(
    "seed", "N", help: "what tokens are drawn from; 0 when left out"
  ) { text throws(UsageError) in
    guard let seed = UInt64(text) else {
      throw UsageError("'\(text)' is not a whole number from 0")
    }
    return seed
  }

  /// All of them.
  static let all: [any AnyOption] = [temperature, topK, topP, minP, repetitionPenalty, seed]

  /// How tokens are drawn; by the model's own distribution where nothing else is said.
  ///
  /// - Parameter count: how many answers a line gets.
  static func read(_ arguments: Arguments, count: Int) throws(UsageError) -> Sampling {
    var sampling = Sampling()
    sampling.temperature = try arguments.value(temperature) ?? sampling.temperature
    guard count == 1 || sampling.temperature > 0 else {
      throw UsageError("option --n-best: --temperature 0 draws one answer")
    }
    sampling.topK = try arguments.value(topK)
    sampling.topP = try arguments.value(topP) ?? sampling.topP
    sampling.minP = try arguments.value(minP) ?? sampling.minP
    sampling.repetitionPenalty =
      try arguments.value(repetitionPenalty) ?? sampling.repetitionPenalty
    sampling.seed = try arguments.value(seed) ?? sampling.seed
    return sampling
  }
}

/// A number above 0 up to a bound.
private func positive(_ text: String, through bound: Double) throws(UsageError) -> Double {
  let number = try decimalNumber(text, in: 0...bound)
  guard number > 0 else { throw UsageError("\(text) is not above 0") }
  return number
}
