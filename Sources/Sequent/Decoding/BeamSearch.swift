/// The answers of the largest score among those that a beam of hypotheses leads to.
///
/// All hypotheses of a beam are of one length. Of the tokens that may follow all of them, those with
/// the largest log P(Y | X) go on; one among the best `beamWidth` that is the end makes an answer.
/// The search is over when there are `beamWidth` answers, when the longest are as long as they may be,
/// or when no hypothesis can become better than the worst answer that is kept. Equal hypotheses are
/// ordered by their parents' order, then by token: a beam of one is greedy.
struct BeamSearch: DecodingSearch {
  private let rules: DecodingRules
  private let width: Int
  private var live = [GrowingHypothesis()]
  private var finished: [Hypothesis] = []

  /// A hypothesis and a token that may follow it.
  private struct Candidate: Comparable {
    let parent: Int
    let token: Int32
    let logit: Float
    /// That of the token.
    let logProbability: Double
    /// That of the hypothesis with it.
    let total: Double

    /// By what comes out; what rounding has made equal is told apart by the logit.
    static func < (left: Candidate, right: Candidate) -> Bool {
      if left.total != right.total { return left.total < right.total }
      if left.parent != right.parent { return left.parent > right.parent }
      return left.logit != right.logit ? left.logit < right.logit : left.token > right.token
    }
  }

  /// Starts with a hypothesis that has said nothing.
  init(_ rules: DecodingRules, width: Int) {
    (self.rules, self.width) = (rules, width)
  }

  mutating func advance(
    _ logits: Span<Float>, _ attention: Span<Float>
  ) throws -> [(parent: Int, token: Int32)] {
    let candidates = try best(logits)
    guard !candidates.isEmpty else {
      throw GenerationError(message: "the model gives no token a probability: every logit is -inf")
    }
    let length = live[0].tokens.count + 1
    var next: [(parent: Int, token: Int32)] = []
    var children: [GrowingHypothesis] = []
    for (rank, candidate) in candidates.enumerated() where children.count < width {
      let isLast = candidate.token == rules.end || length == rules.maximumLength
      if isLast, rank >= width { continue }
      var child = live[candidate.parent]
      child.append(
        candidate.token, candidate.logProbability,
        attention: attention.extracting(
          rules.weights(attention, row: candidate.parent, of: live.count)), rules.options)
      if isLast {
        finished.append(child.finished(end: rules.end, rules.options))
      } else {
        next.append((candidate.parent, candidate.token))
        children.append(child)
      }
    }
    live = children
    return isOver ? [] : next
  }

  /// The most probable candidates, the best first: as many as leave a whole beam when all that end do.
  private func best(_ logits: Span<Float>) throws -> [Candidate] {
    let size = logits.count / live.count
    let place = live[0].tokens.count
    var heap = Heap<Candidate>()
    var least: Candidate?
    for (row, hypothesis) in live.enumerated() {
      let logits = logits.extracting(row * size..<(row + 1) * size)
      let logProbabilities = try LogProbabilities(logits)
      for index in logits.indices {
        let token = Int32(truncatingIfNeeded: index)
        let logit = logits[index]
        let logProbability = logProbabilities(logit)
        let total = hypothesis.logProbability + logProbability
        if let least, total < least.total { continue }
        guard logit > -.infinity, rules.forced(at: place).map({ $0 == token }) ?? true,
          !rules.excluded.contains(token)
        else { continue }
        let candidate = Candidate(
          parent: row, token: token, logit: logit, logProbability: logProbability, total: total)
        if let least, candidate < least { continue }
        heap.insert(candidate)
        if heap.elements.count > 2 * width { _ = heap.popFirst() }
        if heap.elements.count == 2 * width { least = heap.elements.first }
      }
    }
    return heap.elements.sorted(by: >)
  }

  /// Whether nothing can change about the answers that are kept.
  private var isOver: Bool {
    guard let likeliest = live.map(\.logProbability).max(), finished.count < width else {
      return true
    }
    guard finished.count >= rules.options.count else { return false }
    // Tokens only make a hypothesis less probable, and the longest it can become divides the most.
    let bound = likeliest / rules.options.lengthFactor(rules.maximumLength)
    return bound <= answers[rules.options.count - 1].score
  }

  var answers: [Hypothesis] {
    let order = finished.indices.sorted {
      finished[$0].score != finished[$1].score
        ? finished[$0].score > finished[$1].score : $0 < $1
    }
    return order.prefix(rules.options.count).map { finished[$0] }
  }
}
