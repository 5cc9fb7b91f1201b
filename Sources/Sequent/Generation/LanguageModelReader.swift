import SequentIR
import SequentRuntime

/// A language model that reads texts side by side, each going on where it was.
///
/// What a model with states has read is its session's states; one without reads its texts again
/// from their begin. Rows don't influence each other: what is read of a text gives the same bits
/// alone, beside others, and in pieces of any size.
final class LanguageModelReader {
  /// Turns text into the model's tokens.
  let encoder: TextEncoder
  private let session: Session
  private let cache: CachedReader?
  private let tokensShape: [Dimension]
  private let hasLengths: Bool
  private let vocabularySize: Int
  /// How many tokens the model sees.
  private let context: Int?
  /// What each row has read, for a model without states.
  private var texts: [[Int32]] = []

  /// Prepares a session of a model.
  ///
  /// - Throws: `PredictionError` for a function that is no language model: `tokens` i32
  ///   `[batch, time]`, perhaps `lengths` i32 `[batch]`, to `logits` f32
  ///   `[batch, time, vocabulary]`.
  init(_ task: ModelTask, _ session: Session, _ cache: CachedReader? = nil) throws {
    self.cache = cache
    let function = session.function
    guard task.kind == .languageModel else {
      throw PredictionError(
        message: "a \(task.kind.rawValue) model does not write or score text: that takes a "
          + "language model")
    }
    let states = Set(function.states.values)
    var inputs: [String: TensorType] = [:]
    for (name, type) in function.inputs where !states.contains(name) { inputs[name] = type }
    let lengths = inputs.removeValue(forKey: "lengths")
    guard let tokens = inputs.removeValue(forKey: "tokens"), inputs.isEmpty,
      tokens.elementType == .int32, tokens.shape.count == 2
    else {
      throw PredictionError(
        message: "a language model takes tokens i32[batch, time] and lengths i32[batch]; this one "
          + "takes " + function.inputs.map { "\($0.name) \($0.type)" }.joined(separator: ", "))
    }
    let wanted = tokens.shape + [Dimension(constant: task.text.vocabulary.count)]
    guard let logits = function.outputs.first(where: { $0.name == "logits" })?.type,
      logits == TensorType(.float32, wanted)
    else {
      throw PredictionError(
        message: "the language model has no output 'logits' of type "
          + "\(TensorType(.float32, wanted))")
    }
    self.session = session
    encoder = task.text.encoder()
    (tokensShape, hasLengths) = (tokens.shape, lengths != nil)
    vocabularySize = task.text.vocabulary.count
    context = task.context
  }

  private var hasStates: Bool { !session.function.states.isEmpty }

  /// How many texts can be read side by side, at a given length.
  func rows(ofLength length: Int) -> Int {
    // Without lengths, a state would go on past the end of a shorter text.
    hasStates && !hasLengths ? 1 : max(1, tokensPerCall / max(length, 1))
  }

  /// How many tokens one call takes: its logits stay within 64 MiB.
  var tokensPerCall: Int { min(4096, max(1, (1 << 24) / max(vocabularySize, 1))) }

  /// Starts anew, with texts of which nothing is read.
  func start(rows: Int) throws {
    texts = Array(repeating: [], count: rows)
    try session.reset()
  }

  /// Reads on in every text.
  ///
  /// - Parameter visit: takes a row, the place of one of its new tokens, and the logits of what
  ///   follows that token.
  func read(
    _ pieces: [[Int32]], _ visit: (Int, Int, Span<Float>) throws -> Void
  ) throws {
    let longest = pieces.map(\.count).max() ?? 0
    guard hasStates else {
      let known = texts.map(\.count)
      for row in pieces.indices { texts[row] += pieces[row] }
      // Few different lengths need few plans; what stands behind a token does not change its logits.
      let time = min(((texts.map(\.count).max() ?? 0) + 31) / 32 * 32, context ?? .max)
      return try run(texts, time: time) { row, place, logits in
        if place >= known[row] { try visit(row, place - known[row], logits) }
      }
    }
    let window = max(1, tokensPerCall / max(pieces.count, 1))
    for start in stride(from: 0, to: longest, by: window) {
      let parts = pieces.map { Array($0.dropFirst(start).prefix(window)) }
      try run(parts, time: min(window, longest - start)) { row, place, logits in
        try visit(row, start + place, logits)
      }
    }
  }

  /// Reads on in every text, by the cache if there is one.
  ///
  /// - Parameter visit: takes a row and the logits of what follows it.
  func readOn(_ pieces: [[Int32]], _ visit: (Int, Span<Float>) throws -> Void) throws {
    guard let cache else {
      return try read(pieces) { row, place, logits in
        if place == pieces[row].count - 1 { try visit(row, logits) }
      }
    }
    if texts.allSatisfy(\.isEmpty) {
      try cache.start(pieces)
    } else {
      try cache.read(pieces.compactMap(\.last))
    }
    for row in pieces.indices { texts[row] += pieces[row] }
    try visitLogits(of: cache, visit)
  }

  /// Visits the logits of what follows every row of a cache.
  func visitLogits(of cache: CachedReader, _ visit: (Int, Span<Float>) throws -> Void) throws {
    try cache.withLogits { logits in
      for row in texts.indices {
        try visit(row, logits.extracting(row * vocabularySize..<(row + 1) * vocabularySize))
      }
    }
  }

  /// What finds the most probable tokens faster than all logits, for so many texts that have been begun.
  func chooser(rows: Int) -> CachedReader? {
    guard let cache, cache.choosesFast(rows: rows), texts.allSatisfy({ !$0.isEmpty }) else {
      return nil
    }
    return cache
  }

  /// Reads a token in every text, and chooses what is most probable after it.
  func choose(_ chooser: CachedReader, after tokens: [Int32]) throws -> [Int32] {
    for (row, token) in tokens.enumerated() { texts[row].append(token) }
    return try chooser.choose(after: tokens)
  }

  /// Runs the model on rows `[rows, time]` and visits the logits of their tokens.
  private func run(
    _ rows: [[Int32]], time: Int, _ visit: (Int, Int, Span<Float>) throws -> Void
  ) throws {
    var sizes = Bindings()
    try sizes.bind(tokensShape, to: [rows.count, time], of: "tokens")
    try session.bind(sizes)
    try session.withInput("tokens", as: Int32.self) { tokens in
      for (row, text) in rows.enumerated() {
        for place in 0..<time { tokens[row * time + place] = place < text.count ? text[place] : 0 }
      }
    }
    if hasLengths {
      try session.withInput("lengths", as: Int32.self) { lengths in
        for row in rows.indices { lengths[row] = Int32(rows[row].count) }
      }
    }
    try session.run()
    try session.withOutput("logits") { logits in
      for (row, text) in rows.enumerated() {
        for place in text.indices {
          let start = (row * time + place) * vocabularySize
          try visit(row, place, logits.extracting(start..<start + vocabularySize))
        }
      }
    }
  }

  /// Lets go of all texts but some, which become the rows in this order.
  func keep(_ rows: [Int]) throws {
    texts = rows.map { texts[$0] }
    cache?.select(rows: rows)
    guard hasStates else { return }
    try session.selectStates(rows: rows, of: tokensShape[0])
  }
}

extension TextEncoder {
  /// The token that stands before a text's first: the encoding's begin, or what ends a line.
  var start: Int32? {
    if let begin = encoding.begin { return Int32(clamping: begin) }
    let newline = encode("\n")
    if newline.count == 1, Int(newline[0]) != encoding.unknown { return newline[0] }
    return encoding.end.map { Int32(clamping: $0) }
  }
}

extension TextEncoding {
  /// The tokens that no model is to say: padding, unknown and begin.
  var neverChosen: [Int32] {
    [vocabulary.firstIndex(of: Vocabulary.padding), begin, unknown]
      .compactMap { $0 }.filter { $0 != end }.map { Int32(clamping: $0) }
  }
}
