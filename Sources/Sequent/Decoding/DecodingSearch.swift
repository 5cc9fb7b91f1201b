/// What is looked for in one source: its hypotheses, and which tokens they go on with.
protocol DecodingSearch {
  /// Chooses what follows the hypotheses, of which there is one at first.
  ///
  /// - Parameters:
  ///   - logits: `[hypotheses, vocabulary]`.
  ///   - attention: `[hypotheses, time]`, perhaps empty.
  /// - Returns: the hypotheses afterwards: which each of them was, and the token that it says now.
  ///   Without any, the search is over.
  mutating func advance(
    _ logits: Span<Float>, _ attention: Span<Float>
  ) throws -> [(parent: Int, token: Int32)]

  /// The answers, the best first.
  var answers: [Hypothesis] { get }
}

/// What answers to a source may be.
struct DecodingRules {
  let options: DecodingOptions
  /// The token that ends an answer.
  let end: Int32
  /// Tokens that are never said.
  let excluded: [Int32]
  /// The number of tokens of the source.
  let sourceLength: Int
  /// How many tokens the model can say.
  var context = Int.max

  /// The most tokens of an answer.
  var maximumLength: Int { min(options.maximumLength(sourceLength: sourceLength), context) }

  /// The token that has to stand at a place, if one has to.
  func forced(at place: Int) -> Int32? {
    place < options.prefix.count ? options.prefix[place] : nil
  }

  /// Where a row of attention `[rows, time]` has its weights, as many as the source has tokens.
  func weights(_ attention: Span<Float>, row: Int, of rows: Int) -> Range<Int> {
    let start = row * (attention.count / rows)
    return start..<start + min(attention.count / rows, sourceLength)
  }
}
