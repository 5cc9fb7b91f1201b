import Sequent

/// The options of `sequent predict` that only models have that answer a text with a text.
struct SequenceOptions {
  private static let coveragePenalty = Option<Double>(
    "coverage-penalty", "B",
    help: "how much it costs to leave a part of a line without attention; 0 when left out"
  ) { text throws(UsageError) in try decimalNumber(text, in: 0...100) }
  private static let maximumLength = Option<Int>(
    "max-length", "N",
    help: "the most tokens of an answer, its end among them; twice the line's and 10 when left out"
  ) { text throws(UsageError) in try wholeNumber(text, in: 1...1_000_000_000) }
  private static let prefix = Option<String>(
    "prefix", "TEXT", help: "what every answer begins with")
  private static let attention = Option<String>(
    "attention", "OUT.svg|OUT.json",
    help: "write what the answers attend to, as pictures or as an array of objects"
  ) { text throws(UsageError) in
    guard text.hasSuffix(".svg") || text.hasSuffix(".json") else {
      throw UsageError("'\(text)' ends with neither .svg nor .json")
    }
    return text
  }

  /// All of them.
  static let all: [any AnyOption] = [coveragePenalty, maximumLength, prefix, attention]

  /// How answers are looked for.
  let decoding: DecodingOptions
  /// Where alignments go.
  let alignmentPath: String?

  /// Reads the options.
  ///
  /// - Parameter count: how many answers a line gets, if that is said.
  /// - Throws: `UsageError` for those that contradict each other, or that the model can't follow.
  init(_ arguments: Arguments, count: Int?, for predictor: SequencePredictor) throws {
    var options = try BeamOptions.read(arguments, count: count ?? 1)
    if SamplingOptions.all.contains(where: { arguments.has($0.name) }) {
      options.sampling = try SamplingOptions.read(arguments, count: options.count)
    } else if options.beamWidth == nil, options.count > 1 {
      options.beamWidth = options.count
    }
    options.coveragePenalty = try arguments.value(Self.coveragePenalty) ?? options.coveragePenalty
    options.maximumLength = try arguments.value(Self.maximumLength)
    if let text = try arguments.value(Self.prefix) {
      options.prefix = try Self.saying(Self.prefix) { try predictor.prefix(text) }
    }
    alignmentPath = try arguments.value(Self.attention)
    options.recordsAttention = alignmentPath != nil
    for option in [Self.attention.name, Self.coveragePenalty.name]
    where arguments.has(option) && !predictor.showsAttention {
      throw UsageError("option --\(option): the model does not show what it attends to")
    }
    if let length = options.maximumLength, length <= options.prefix.count {
      throw UsageError(
        "option --max-length: \(length) tokens, but --prefix has \(options.prefix.count)")
    }
    decoding = options
  }

  /// Runs `body`; what it finds wrong is the option's.
  private static func saying<Value, Result>(
    _ option: Option<Value>, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch let error as GenerationError {
      throw UsageError("option --\(option.name): \(error.message)")
    }
  }
}
