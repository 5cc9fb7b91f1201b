import Sequent

/// The options of `sequent predict` that only language models have.
struct LanguageModelOptions {
  private static let length = Option<Int>(
    "length", "N", help: "the most tokens that are generated; 200 when left out"
  ) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000_000) }
  private static let stop = Option<String>(
    "stop", "TEXT", isRepeatable: true,
    help: "ends the generated text where TEXT would follow; may be given again"
  ) { text throws(UsageError) in
    guard !text.isEmpty else { throw UsageError("an empty text ends nothing") }
    return text
  }
  private static let score = Flag("score", help: "print how probable each line is")

  /// All of them.
  static let all: [any AnyOption] = [length, stop, score]

  /// How text is generated.
  let generation: GenerationOptions
  /// The beam, if text is looked for by one.
  let beam: DecodingOptions?
  /// Whether lines are scored rather than gone on with.
  let isScoring: Bool

  /// Reads the options.
  ///
  /// - Parameter count: how many answers a line gets.
  /// - Throws: `UsageError` for those of generating together with `--score`, and for those that
  ///   contradict a beam or need one.
  init(_ arguments: Arguments, count: Int) throws {
    isScoring = arguments.has(Self.score)
    let generating =
      [Self.length.name, Self.stop.name]
      + (BeamOptions.all + SamplingOptions.all).map(\.name)
    if isScoring, let option = generating.first(where: arguments.has) {
      throw UsageError("option --\(option): --score generates nothing")
    }
    var options = GenerationOptions()
    options.length = try arguments.value(Self.length) ?? options.length
    options.stops = try arguments.values(Self.stop)
    options.sampling = try SamplingOptions.read(arguments, count: count)
    generation = options
    var beam = try BeamOptions.read(arguments, count: count)
    guard beam.beamWidth != nil else {
      if let option = BeamOptions.all.first(where: { arguments.has($0.name) }) {
        throw UsageError("option --\(option.name): without --beam text is drawn")
      }
      self.beam = nil
      return
    }
    if arguments.has(Self.stop.name) {
      throw UsageError("option --stop: --beam ends texts by the model alone")
    }
    beam.maximumLength = options.length
    self.beam = beam
  }
}
