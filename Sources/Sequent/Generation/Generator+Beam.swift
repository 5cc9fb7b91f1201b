extension Generator {
  /// What goes on after every prompt with the largest scores, by a beam; the best first.
  ///
  /// Hypotheses of a prompt share what was read of it.
  ///
  /// - Parameter options: a beam, without prefix and without attention, as there is no source; at most
  ///   200 tokens if nothing else is said.
  /// - Throws: `ContextError` for a prompt that is too long, `GenerationError` for options that make no
  ///   sense and logits that are no numbers.
  public func generate(
    _ prompts: [String], beam options: DecodingOptions
  ) throws -> [[SequenceAnswer]] {
    try options.check()
    guard let width = options.beamWidth, options.prefix.isEmpty, !options.recordsAttention,
      options.coveragePenalty == 0
    else {
      throw GenerationError(
        message: "a text without a source is looked for by a beam, without prefix and attention")
    }
    var options = options
    options.maximumLength = options.maximumLength ?? GenerationOptions().length
    let texts = try prompts.enumerated().map { try tokens(of: $1, at: $0) }
    var answers: [[SequenceAnswer]] = []
    while answers.count < prompts.count {
      let rest = texts[answers.count...]
      let longest = rest.prefix(Self.rowsPerBatch).map(\.count).max() ?? 0
      let count = min(max(Self.rowsPerBatch / width, 1), reader.rows(ofLength: longest))
      let found = try search(Array(rest.prefix(count)), options)
      answers += zip(prompts[answers.count...], found).map { prompt, hypotheses in
        hypotheses.map { SequenceAnswer(text: text($0.tokens, after: prompt), hypothesis: $0) }
      }
    }
    return answers
  }

  /// The hypotheses that go on after prompts which are read side by side.
  private func search(
    _ prompts: [[Int32]], _ options: DecodingOptions
  ) throws -> [[Hypothesis]] {
    var searches = DecodingSearches(
      prompts.map { prompt in
        let rules = DecodingRules(
          options: options, end: Int32(clamping: encoder.encoding.end ?? -1), excluded: excluded,
          sourceLength: 0, context: limit(prompt))
        return BeamSearch(rules, width: options.beamWidth ?? 1)
      })
    let size = encoder.encoding.vocabulary.count
    var next = prompts
    try reader.start(rows: prompts.count)
    while !searches.isOver {
      var all = Array(repeating: Float(0), count: next.count * size)
      try reader.readOn(next) { row, logits in
        for token in logits.indices { all[row * size + token] = logits[token] }
      }
      let rows = try searches.advance(all.span, all.span.extracting(0..<0))
      next = rows.map { [$0.token] }
      if !searches.isOver { try reader.keep(rows.map(\.parent)) }
    }
    return searches.answers
  }

  private func text(_ tokens: [Int32], after prompt: String) -> String {
    var stream = TextStream(encoder, after: prompt, stops: [])
    return tokens.reduce("") { $0 + stream.append($1) } + stream.finish()
  }
}
