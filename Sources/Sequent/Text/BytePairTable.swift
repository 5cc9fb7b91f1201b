/// The merges of a byte pair encoding, ready to encode pieces of text.
struct BytePairTable: Sendable {
  /// What a pair of tokens becomes, and how early: the lowest rank is merged first.
  private struct Merge: Sendable {
    let rank: Int32
    let token: Int32
  }

  private let bytes: [Int32]
  private let merges: [UInt64: Merge]

  /// The table of an encoding; merges that `problem` would report are left out.
  init(_ encoding: TextEncoding) {
    let numbers = Self.numbers(encoding)
    bytes = ByteAlphabet.scalars.map { numbers[String($0)] ?? Int32(clamping: encoding.unknown) }
    var merges: [UInt64: Merge] = [:]
    for (rank, text) in (encoding.merges ?? []).enumerated() {
      guard let (left, right, token) = Self.tokens(of: text, numbers) else { continue }
      let pair = packed(left, right)
      if merges[pair] == nil { merges[pair] = Merge(rank: Int32(clamping: rank), token: token) }
    }
    self.merges = merges
  }

  /// What is wrong with the merges or the vocabulary of an encoding; nil when nothing is.
  static func problem(_ encoding: TextEncoding) -> String? {
    guard let merges = encoding.merges else { return "byte pairs have no merges" }
    let numbers = numbers(encoding)
    if let byte = ByteAlphabet.scalars.firstIndex(where: { numbers[String($0)] == nil }) {
      return "the vocabulary has no token for the byte \(byte)"
    }
    guard let rank = merges.firstIndex(where: { tokens(of: $0, numbers) == nil }) else {
      return nil
    }
    return "merge \(rank), '\(merges[rank])', is not 'left right' of tokens in the vocabulary, "
      + "with their concatenation"
  }

  /// Appends the tokens of a piece of text.
  func encode(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch, into tokens: inout [Int32]
  ) {
    scratch.start(piece.lazy.map { bytes[Int($0)] })
    for position in 0..<max(piece.count - 1, 0) { consider(position, &scratch) }
    while let candidate = scratch.candidates.popFirst() {
      let position = Int(candidate & 0xffff_ffff)
      let next = scratch.next[position]
      // A candidate is stale when one of its tokens has become part of another.
      guard scratch.tokens[position] >= 0, next < piece.count,
        let merge = merges[packed(scratch.tokens[position], scratch.tokens[next])],
        UInt64(merge.rank) == candidate >> 32
      else { continue }
      scratch.join(position, as: merge.token)
      consider(position, &scratch)
      let previous = scratch.previous[position]
      if previous >= 0 { consider(previous, &scratch) }
    }
    tokens.append(contentsOf: scratch.tokens.lazy.filter { $0 >= 0 })
  }

  private func consider(_ position: Int, _ scratch: inout Scratch) {
    let next = scratch.next[position]
    guard next < scratch.tokens.count,
      let merge = merges[packed(scratch.tokens[position], scratch.tokens[next])]
    else { return }
    scratch.candidates.insert(UInt64(merge.rank) << 32 | UInt64(position))
  }

  private static func numbers(_ encoding: TextEncoding) -> [String: Int32] {
    Dictionary(
      encoding.vocabulary.enumerated().map { ($1, Int32(clamping: $0)) },
      uniquingKeysWith: { first, _ in first })
  }

  private static func tokens(
    of merge: String, _ numbers: [String: Int32]
  ) -> (left: Int32, right: Int32, token: Int32)? {
    let parts = merge.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let left = numbers[parts[0]], let right = numbers[parts[1]],
      let token = numbers[parts[0] + parts[1]]
    else { return nil }
    return (left, right, token)
  }

  /// The tokens of one piece while pairs of them are merged, as a linked list.
  struct Scratch {
    fileprivate var tokens: [Int32] = []  // -1: part of the token before it
    fileprivate var next: [Int] = []
    fileprivate var previous: [Int] = []
    /// Pairs that can be merged: the rank, and below it the position, leftmost first.
    fileprivate var candidates = Heap<UInt64>()

    fileprivate mutating func start(_ first: some Collection<Int32>) {
      tokens.removeAll(keepingCapacity: true)
      tokens.append(contentsOf: first)
      next.removeAll(keepingCapacity: true)
      next.append(contentsOf: 1..<tokens.count + 1)
      previous.removeAll(keepingCapacity: true)
      previous.append(contentsOf: -1..<tokens.count - 1)
      candidates.removeAll()
    }

    fileprivate mutating func join(_ position: Int, as token: Int32) {
      let second = next[position]
      tokens[position] = token
      tokens[second] = -1
      next[position] = next[second]
      if next[second] < tokens.count { previous[next[second]] = position }
    }
  }
}

/// Two tokens as one key; its order is that of the first, then of the second.
func packed(_ left: Int32, _ right: Int32) -> UInt64 {
  UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
}
