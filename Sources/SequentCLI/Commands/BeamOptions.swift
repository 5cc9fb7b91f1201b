import Sequent

/// The options of `sequent predict` for answers that are looked for by a beam.
enum BeamOptions {
  private static let beam = Option<Int>(
    "beam", "N",
    help: "how many answers are followed side by side; without it the most probable token alone, "
      + "or what is drawn"
  ) { text throws(UsageError) in try wholeNumber(text, in: 1...10_000) }
  private static let lengthPenalty = Option<Double>(
    "length-penalty", "A",
    help: "divide log probabilities by ((5 + length) / 6)^A; 0.6 when left out"
  ) { text throws(UsageError) in try decimalNumber(text, in: 0...100) }

  /// All of them.
  static let all: [any AnyOption] = [beam, lengthPenalty]

  /// The beam, if there is one, and what its answers are ranked by.
  ///
  /// - Parameter count: how many answers a line gets.
  /// - Throws: `UsageError` for those that contradict each other.
  static func read(_ arguments: Arguments, count: Int) throws(UsageError) -> DecodingOptions {
    var options = DecodingOptions()
    options.count = count
    options.beamWidth = try arguments.value(beam)
    options.lengthPenalty = try arguments.value(lengthPenalty) ?? options.lengthPenalty
    guard let width = options.beamWidth else { return options }
    if let option = SamplingOptions.all.first(where: { arguments.has($0.name) }) {
      throw UsageError("option --\(option.name): --beam draws nothing")
    }
    guard count <= width else {
      throw UsageError("option --n-best: \(count) answers of --beam \(width)")
    }
    return options
  }
}
