/// How many edits make answers right: phoneme or character error rate, and word error rate.
///
/// An answer is held against the nearest of several accepted ones (the first of equally near ones).
public struct SequenceErrorRate: Codable, Hashable, Sendable {
  /// How many tokens had to be inserted, removed or replaced.
  public private(set) var edits = 0
  /// How many tokens the nearest accepted answers have.
  public private(set) var tokens = 0
  /// How many answers are not one of the accepted ones.
  public private(set) var wrong = 0
  /// How many answers there are.
  public private(set) var count = 0

  /// Nothing yet.
  public init() {}

  /// Adds an answer and the accepted ones.
  public mutating func add<Token: Equatable>(answer: [Token], accepted: [[Token]]) {
    var nearest: (edits: Int, tokens: Int)?
    for reference in accepted {
      let edits = editDistance(answer, reference)
      if edits < nearest?.edits ?? .max { nearest = (edits, reference.count) }
    }
    guard let nearest else { return }
    edits += nearest.edits
    tokens += nearest.tokens
    wrong += nearest.edits > 0 ? 1 : 0
    count += 1
  }

  /// Adds what another has seen.
  public mutating func merge(_ other: SequenceErrorRate) {
    edits += other.edits
    tokens += other.tokens
    wrong += other.wrong
    count += other.count
  }

  /// Edits by token of the accepted answers: the phoneme error rate when tokens are phonemes.
  public var tokenErrorRate: Double { Double(edits) / Double(tokens) }

  /// The share of answers with an error: the word error rate when an answer is a word.
  public var sequenceErrorRate: Double { Double(wrong) / Double(count) }
}
