/// Tokens as text, piece by piece, until a stop string.
///
/// A piece is given out once it is complete UTF-8 (a byte pair may end within a character) and can't
/// be the begin of a stop string. All pieces together are the text of all tokens.
struct TextStream {
  private let encoder: TextEncoder
  private let stops: [[UInt8]]
  /// What the next token is set apart by.
  private var separator: [UInt8]
  /// What is not given out yet.
  private var pending: [UInt8] = []
  /// Whether a stop string was met: it and what follows is no part of the text.
  private(set) var isStopped = false

  /// Creates a stream of the text that goes on after a prompt.
  init(_ encoder: TextEncoder, after prompt: String, stops: [String]) {
    self.encoder = encoder
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
    let isApart = encoder.encoding.unit != .word || prompt.last?.isWhitespace ?? true
    separator = isApart ? [] : Array(" ".utf8)
  }

  /// Adds a token.
  ///
  /// - Returns: text that is certain now.
  mutating func append(_ token: Int32) -> String {
    let bytes = encoder.bytes(of: token)
    guard !isStopped, !bytes.isEmpty else { return "" }
    let searched = pending.count
    pending += separator + bytes
    if encoder.encoding.unit == .word { separator = Array(" ".utf8) }
    for end in searched + 1...pending.count {
      let matches = stops.filter { pending[..<end].ends(with: $0) }
      guard let stop = matches.max(by: { $0.count < $1.count }) else { continue }
      isStopped = true
      pending.removeSubrange((end - stop.count)...)
      return finish()
    }
    return take(pending.count - max(incompleteCharacter, beginOfStop))
  }

  /// The rest, when no more tokens come: a character that is not whole is U+FFFD.
  mutating func finish() -> String { take(pending.count) }

  private mutating func take(_ count: Int) -> String {
    defer { pending.removeFirst(count) }
    return String(decoding: pending[..<count], as: UTF8.self)
  }

  /// How many bytes at the end are a character that may still be completed.
  private var incompleteCharacter: Int {
    for (count, byte) in zip(1...3, pending.reversed()) where byte & 0xc0 != 0x80 {
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return count < length ? count : 0
    }
    return 0
  }

  /// How many bytes at the end may become a stop string.
  private var beginOfStop: Int {
    stops.map { stop in
      (1..<max(stop.count, 1)).last { pending.ends(with: stop.prefix($0)) } ?? 0
    }.max() ?? 0
  }
}

extension BidirectionalCollection<UInt8> {
  fileprivate func ends(with other: some BidirectionalCollection<UInt8>) -> Bool {
    count >= other.count && suffix(other.count).elementsEqual(other)
  }
}
