import SequentIR
import SequentRuntime

/// Answers sequences of tokens with sequences of tokens, by the functions `encode` and `step` of a
/// model.
///
///     let decoder = try SequenceDecoder(model.executable, target: task.text)
///     let answers = try decoder.decode(sources, .beam(4, best: 3))
///
/// Sources are read side by side, those of about the same length together; one that is done leaves.
/// An answer depends on its source and the options alone, bit for bit: not on other sources, their
/// order, or the number of threads. Padding, unknown and begin tokens are never said. An answer ends with
/// the last token that the model can say. One thread at a time may use a decoder.
public final class SequenceDecoder {
  private let functions: DecodingFunctions
  private let state: DecodingState
  private let begin: Int32
  private let end: Int32
  private let excluded: [Int32]
  private let context: Int?

  /// Creates a decoder with sessions of its own.
  ///
  /// - Parameters:
  ///   - executable: a module with `encode` and `step`, and its weights.
  ///   - target: how answers are encoded; with a begin and an end.
  ///   - context: how many tokens of a source the model sees, and how many it can say; any number by
  ///     default.
  ///   - threads: the most to use; by default what the machine allows.
  /// - Throws: `PredictionError` for functions that are not what decoding takes.
  public init(
    _ executable: Executable, target: TextEncoding, context: Int? = nil, threads: Int? = nil
  ) throws {
    functions = try DecodingFunctions(executable.module)
    guard let begin = target.begin, let end = target.end else {
      throw PredictionError(message: "the encoding of the answers has no begin and end")
    }
    guard functions.vocabularySize == target.vocabulary.count else {
      throw PredictionError(
        message: "step gives logits of \(functions.vocabularySize) tokens, the encoding of the "
          + "answers has \(target.vocabulary.count)")
    }
    (self.begin, self.end) = (Int32(clamping: begin), Int32(clamping: end))
    excluded = target.neverChosen
    self.context = context
    state = try DecodingState(functions, executable, context: context, threads: threads)
  }

  /// Whether the model shows what its answers attend to.
  public var showsAttention: Bool { functions.hasAttention }

  /// The tokens that are most probable step by step, without the end.
  ///
  /// - Parameter maximumLength: the most tokens of an answer, its end among them; twice the source's
  ///   and 10 more without it.
  public func greedy(_ sources: [[Int32]], maximumLength: Int? = nil) throws -> [[Int32]] {
    var options = DecodingOptions()
    options.maximumLength = maximumLength
    return try decode(sources, options).map { $0[0].tokens }
  }

  /// The answers to every source, the best first.
  ///
  /// - Throws: `ContextError` for a source that is too long, `GenerationError` for options that make no
  ///   sense and logits that are no numbers, `PredictionError` where a model has to show what it
  ///   attends to and does not.
  public func decode(
    _ sources: [[Int32]], _ options: DecodingOptions = DecodingOptions()
  ) throws -> [[Hypothesis]] {
    try options.check()
    for token in options.prefix
    where token == end || excluded.contains(token)
      || !(0..<Int32(clamping: functions.vocabularySize)).contains(token)
    {
      throw GenerationError(message: "no answer begins with token \(token)")
    }
    if let context, options.prefix.count >= context {
      throw GenerationError(
        message: "answers begin with \(options.prefix.count) tokens, but the model says "
          + "\(context) at most")
    }
    try ContextError.check(sources.map(\.count), context: context)
    guard functions.hasAttention || !(options.recordsAttention || options.coveragePenalty > 0)
    else {
      throw PredictionError(
        message: "the model does not show what it attends to: step has no output 'attention'")
    }
    let order = sources.indices.sorted {
      (sources[$0].count, $0) < (sources[$1].count, $1)
    }
    var answers = Array(repeating: [Hypothesis](), count: sources.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, fits(end + 1 - start, sources[order[end]].count, options) {
        end += 1
      }
      let batch = order[start..<end].map { sources[$0] }
      for (index, found) in zip(order[start..<end], try search(batch, options)) {
        answers[index] = found
      }
      start = end
    }
    return answers
  }

  /// Whether so many sources are read together: few enough for logits and memory to stay small.
  private func fits(_ sources: Int, _ time: Int, _ options: DecodingOptions) -> Bool {
    let rows = sources * (options.beamWidth ?? options.count)
    return rows <= 256 && rows * time <= 8192 && rows * functions.vocabularySize <= 1 << 24
  }

  /// The answers to sources that are read side by side.
  private func search(
    _ sources: [[Int32]], _ options: DecodingOptions
  ) throws -> [[Hypothesis]] {
    var searches = DecodingSearches(
      try sources.map { source -> any DecodingSearch in
        let rules = DecodingRules(
          options: options, end: end, excluded: excluded, sourceLength: source.count,
          context: context ?? .max)
        guard let width = options.beamWidth else {
          return try SamplingSearch(rules, source: source)
        }
        return BeamSearch(rules, width: width)
      })
    try state.start(sources)
    var tokens = Array(repeating: begin, count: sources.count)
    while !searches.isOver {
      try state.read(tokens)
      let rows = try state.withResults { try searches.advance($0, $1) }
      tokens = rows.map(\.token)
      if !searches.isOver { try state.select(rows: rows.map(\.parent)) }
    }
    return searches.answers
  }
}
