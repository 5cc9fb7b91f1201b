import Sequent

/// The options of `sequent predict` that only language models have.
struct LanguageModelOptions {
  private static let length = Option<Int>(
    "length", "N", help: "the most tokens that are generated; 200 when left out"
  ) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000_000) }
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
  private static let stop = Option<String>(
    "stop", "TEXT", isRepeatable: true,
    help: "ends the generated text where TEXT would follow; may be given again"
  ) { text throws(UsageError) in
    guard !text.isEmpty else { throw UsageError("an empty text ends nothing") }
    return text
  }
  private static let score = Flag("score", help: "print how probable each line is")

  private static let generating: [any AnyOption] = [
    length, temperature, topK, topP, minP, repetitionPenalty, seed, stop,
  ]

  /// All of them.
  static let all = generating + [score]

  /// How text is generated.
  let generation: GenerationOptions
  /// Whether lines are scored rather than gone on with.
  let isScoring: Bool
  /// The names of those that are given.
  let given: [String]

  /// Reads the options.
  ///
  /// - Throws: `UsageError` for those of generating together with `--score`.
  init(_ arguments: Arguments) throws {
    let generating = Self.generating.map(\.name).filter(arguments.has)
    isScoring = arguments.has(Self.score)
    if isScoring, let option = generating.first {
      throw UsageError("option --\(option): --score generates nothing")
    }
    given = generating + (isScoring ? [Self.score.name] : [])
    var options = GenerationOptions()
    options.length = try arguments.value(Self.length) ?? options.length
    options.stops = try arguments.values(Self.stop)
    options.sampling.temperature =
      try arguments.value(Self.temperature) ?? options.sampling.temperature
    options.sampling.topK = try arguments.value(Self.topK)
    options.sampling.topP = try arguments.value(Self.topP) ?? options.sampling.topP
    options.sampling.minP = try arguments.value(Self.minP) ?? options.sampling.minP
    options.sampling.repetitionPenalty =
      try arguments.value(Self.repetitionPenalty) ?? options.sampling.repetitionPenalty
    options.sampling.seed = try arguments.value(Self.seed) ?? options.sampling.seed
    generation = options
  }
}

/// A number above 0 up to a bound.
private func positive(_ text: String, through bound: Double) throws(UsageError) -> Double {
  let number = try decimalNumber(text, in: 0...bound)
  guard number > 0 else { throw UsageError("\(text) is not above 0") }
  return number
}
