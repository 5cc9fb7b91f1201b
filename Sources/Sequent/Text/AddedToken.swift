/// A text that is one token wherever it stands, before anything else is looked for: `[MASK]`,
/// `<|endoftext|>`.
public struct AddedToken: Codable, Hashable, Sendable {
  /// The text.
  public let text: String
  /// The token's number.
  public let number: Int
  /// Whether it is a mark, no text: decoding leaves it out.
  public let isSpecial: Bool
  /// Whether it is looked for in text that is normalised, not in text as it comes.
  public let isNormalized: Bool

  /// Creates a token.
  public init(_ text: String, number: Int, isSpecial: Bool = true, isNormalized: Bool = false) {
    self.text = text
    self.number = number
    self.isSpecial = isSpecial
    self.isNormalized = isNormalized
  }
}

/// Finds added tokens in text: the leftmost, and of those that begin together the longest.
struct AddedTokenMatcher: Sendable {
  /// What text consists of.
  enum Part {
    case token(Int32)
    case text(UnsafeBufferPointer<UInt8>)
  }

  private struct Candidate: Sendable {
    let bytes: [UInt8]
    let number: Int32
  }

  /// The tokens that begin with a byte, the longest first.
  private var candidates = [[Candidate]](repeating: [], count: 256)
  private(set) var isEmpty = true

  /// A matcher of texts and the numbers that they are.
  init(_ tokens: some Sequence<(text: [UInt8], number: Int)>) {
    for (text, number) in tokens {
      guard let first = text.first else { continue }
      candidates[Int(first)].append(Candidate(bytes: text, number: Int32(clamping: number)))
      isEmpty = false
    }
    for first in candidates.indices {
      candidates[first].sort { $0.bytes.count > $1.bytes.count }
    }
  }

  /// Cuts text into added tokens and what is between them.
  func forEachPart(in text: UnsafeBufferPointer<UInt8>, _ body: (Part) -> Void) {
    var start = 0
    var position = isEmpty ? text.count : 0
    while position < text.count {
      let found = candidates[Int(text[position])].first { text[position...].starts(with: $0.bytes) }
      guard let found else {
        position += 1
        continue
      }
      if start < position { body(.text(UnsafeBufferPointer(rebasing: text[start..<position]))) }
      body(.token(found.number))
      position += found.bytes.count
      start = position
    }
    if start < text.count { body(.text(UnsafeBufferPointer(rebasing: text[start...]))) }
  }
}
