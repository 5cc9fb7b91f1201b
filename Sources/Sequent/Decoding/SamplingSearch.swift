/// Answers whose tokens are chosen one by one, each by a sampler; at temperature 0 this is greedy.
struct SamplingSearch: DecodingSearch {
  private let rules: DecodingRules
  private var live: [(sample: Int, hypothesis: GrowingHypothesis, sampler: Sampler)]
  private var isStarted = false
  private var finished: [(sample: Int, hypothesis: Hypothesis)] = []

  /// Starts as many answers as are asked for.
  ///
  /// - Parameter source: what samples of different sources are told apart by.
  init(_ rules: DecodingRules, source: [Int32]) throws {
    self.rules = rules
    let text = source.map(String.init).joined(separator: " ")
    live = try (0..<rules.options.count).map { sample in
      let sampler = try Sampler(
        rules.options.sampling, stream: "\(sample) \(text)", excluding: rules.excluded)
      return (sample, GrowingHypothesis(), sampler)
    }
  }

  mutating func advance(
    _ logits: Span<Float>, _ attention: Span<Float>
  ) throws -> [(parent: Int, token: Int32)] {
    let rows = isStarted ? live.count : 1
    let width = logits.count / rows
    var rest: [(sample: Int, hypothesis: GrowingHypothesis, sampler: Sampler)] = []
    var next: [(parent: Int, token: Int32)] = []
    for (place, var entry) in live.enumerated() {
      let row = isStarted ? place : 0
      let logits = logits.extracting(row * width..<(row + 1) * width)
      let count = entry.hypothesis.tokens.count
      let token =
        try rules.forced(at: count) ?? entry.sampler.next(logits, after: entry.hypothesis.tokens)
      entry.hypothesis.append(
        token, try LogProbabilities(logits)(logits[Int(token)]),
        attention: attention.extracting(rules.weights(attention, row: row, of: rows)), rules.options
      )
      if token == rules.end || count + 1 == rules.maximumLength {
        finished.append(
          (entry.sample, entry.hypothesis.finished(end: rules.end, rules.options)))
      } else {
        next.append((row, token))
        rest.append(entry)
      }
    }
    (live, isStarted) = (rest, true)
    return next
  }

  var answers: [Hypothesis] {
    finished.sorted {
      $0.hypothesis.score != $1.hypothesis.score
        ? $0.hypothesis.score > $1.hypothesis.score : $0.sample < $1.sample
    }.map(\.hypothesis)
  }
}
