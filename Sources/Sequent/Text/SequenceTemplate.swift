/// The tokens that a model wants around a text, or around two: `[CLS] A [SEP] B [SEP]`.
public struct SequenceTemplate: Codable, Hashable, Sendable {
  /// A part of a sequence, and the segment that its tokens belong to.
  public enum Part: Codable, Hashable, Sendable {
    case token(Int, segment: Int)
    case first(segment: Int)
    case second(segment: Int)
  }

  /// A text alone.
  public let single: [Part]
  /// A text and another.
  public let pair: [Part]

  /// Creates a template; a pair is by default one text behind the other.
  public init(
    single: [Part], pair: [Part] = [.first(segment: 0), .second(segment: 1)]
  ) {
    self.single = single
    self.pair = pair
  }

  /// A text as it is.
  static let plain = SequenceTemplate(single: [.first(segment: 0)])

  /// The numbers of the tokens that it adds.
  var tokens: [Int] {
    (single + pair).compactMap { if case .token(let number, _) = $0 { number } else { nil } }
  }
}

/// A text or two as tokens.
public struct EncodedText: Hashable, Sendable {
  /// The numbers of the tokens, those of the template included.
  public fileprivate(set) var tokens: [Int32] = []
  /// The segment of every token.
  public fileprivate(set) var segments: [Int32] = []
  /// Where the first text's own tokens begin, and how many there are.
  fileprivate(set) var (start, firstCount) = (0, 0)
}

extension SequenceTemplate {
  /// Texts with what stands around them, cut so that all of it is no longer than `limit`.
  func apply(to first: [Int32], _ second: [Int32]? = nil, limit: Int?) -> EncodedText {
    let parts = second == nil ? single : pair
    let added = parts.count { if case .token = $0 { true } else { false } }
    let room = limit.map { max($0 - added, 0) } ?? .max
    let (firstCount, secondCount) = Self.cut(first.count, second?.count ?? 0, to: room)
    var result = EncodedText()
    result.tokens.reserveCapacity(added + firstCount + secondCount)
    func append(_ tokens: some Collection<Int32>, _ segment: Int) {
      result.tokens.append(contentsOf: tokens)
      result.segments.append(
        contentsOf: repeatElement(Int32(clamping: segment), count: tokens.count))
    }
    for part in parts {
      switch part {
      case .token(let number, let segment):
        append(CollectionOfOne(Int32(clamping: number)), segment)
      case .first(let segment):
        (result.start, result.firstCount) = (result.tokens.count, firstCount)
        append(first.prefix(firstCount), segment)
      case .second(let segment): append((second ?? []).prefix(secondCount), segment)
      }
    }
    return result
  }

  /// How many tokens of two texts are kept: the longer one is cut first.
  private static func cut(_ first: Int, _ second: Int, to room: Int) -> (Int, Int) {
    guard first + second > room else { return (first, second) }
    if second == 0 { return (room, 0) }
    let shorter = min(first, second)
    var kept = (shorter: shorter, longer: shorter > room ? shorter : max(shorter, room - shorter))
    if kept.shorter + kept.longer > room { kept = (room / 2, room / 2 + room % 2) }
    return first <= second ? (kept.shorter, kept.longer) : (kept.longer, kept.shorter)
  }
}
