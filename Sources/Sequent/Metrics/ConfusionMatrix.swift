/// How often which label was answered for which: accuracy, and precision, recall and F1 by label.
public struct ConfusionMatrix: Codable, Hashable, Sendable {
  /// The measures of one label, or their mean over labels.
  public struct Score: Hashable, Sendable {
    /// The share of what was answered that is right; 0 when nothing was.
    public let precision: Double
    /// The share of what is expected that was answered; 0 when nothing is.
    public let recall: Double
    /// The harmonic mean of both.
    public let f1: Double
  }

  /// How many labels there are.
  public let labelCount: Int
  /// A row for every expected label, a column for every answered one.
  public private(set) var counts: [Int]

  /// Creates a matrix of zeros.
  public init(labelCount: Int) {
    self.labelCount = labelCount
    counts = Array(repeating: 0, count: labelCount * labelCount)
  }

  /// How often `answer` was given for `expected`.
  public subscript(expected expected: Int, answer answer: Int) -> Int {
    counts[expected * labelCount + answer]
  }

  /// Counts an answer; an expected label below 0 is ignored.
  public mutating func add(expected: Int, answer: Int) {
    guard expected >= 0 else { return }
    precondition(expected < labelCount && (0..<labelCount).contains(answer), "no such label")
    counts[expected * labelCount + answer] += 1
  }

  /// Counts the answers that logits give: of every `labelCount` of them the first of the largest.
  public mutating func add(expected: some Collection<Int32>, logits: [Float]) {
    precondition(logits.count == expected.count * labelCount, "logits for every label")
    for (place, label) in expected.enumerated() {
      let row = logits[place * labelCount..<(place + 1) * labelCount]
      var best = row.startIndex
      for index in row.indices where row[index] > row[best] { best = index }
      add(expected: Int(label), answer: best - row.startIndex)
    }
  }

  /// Adds what another has counted.
  public mutating func merge(_ other: ConfusionMatrix) {
    precondition(labelCount == other.labelCount, "matrices of \(labelCount) and other labels")
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  /// How many answers were counted.
  public var total: Int { counts.reduce(0, +) }

  /// The share of right answers; NaN when there are none.
  public var accuracy: Double { Double(right) / Double(total) }

  /// How often a label was expected.
  public func support(of label: Int) -> Int {
    counts[label * labelCount..<(label + 1) * labelCount].reduce(0, +)
  }

  /// The measures of a label.
  public func score(of label: Int) -> Score {
    Self.score(
      right: self[expected: label, answer: label], answered: answered(label),
      expected: support(of: label))
  }

  /// The mean over the labels that were expected or answered, each counting the same.
  public var macro: Score {
    let scores = (0..<labelCount).filter { support(of: $0) + answered($0) > 0 }.map(score(of:))
    let count = Double(max(scores.count, 1))
    return Score(
      precision: scores.reduce(0) { $0 + $1.precision } / count,
      recall: scores.reduce(0) { $0 + $1.recall } / count,
      f1: scores.reduce(0) { $0 + $1.f1 } / count)
  }

  /// The measures of all labels together, without those that stand for nothing (`O`, say).
  public func micro(ignoring ignored: Set<Int> = []) -> Score {
    let labels = (0..<labelCount).filter { !ignored.contains($0) }
    return Self.score(
      right: labels.reduce(0) { $0 + self[expected: $1, answer: $1] },
      answered: labels.reduce(0) { $0 + answered($1) },
      expected: labels.reduce(0) { $0 + support(of: $1) })
  }

  private var right: Int { (0..<labelCount).reduce(0) { $0 + self[expected: $1, answer: $1] } }

  private func answered(_ label: Int) -> Int {
    (0..<labelCount).reduce(0) { $0 + self[expected: $1, answer: label] }
  }

  private static func score(right: Int, answered: Int, expected: Int) -> Score {
    let precision = answered > 0 ? Double(right) / Double(answered) : 0
    let recall = expected > 0 ? Double(right) / Double(expected) : 0
    let f1 = right > 0 ? 2 * precision * recall / (precision + recall) : 0
    return Score(precision: precision, recall: recall, f1: f1)
  }
}
