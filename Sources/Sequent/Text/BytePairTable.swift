/// The merges of a byte pair encoding, ready to encode text.
struct BytePairTable: Sendable {
  private let bytes: [Int32]
  private let merges: MergeTable

  /// The table of an encoding; merges that `problem` would report are left out.
  init(_ encoding: TextEncoding) {
    let numbers = Numbers(encoding.vocabulary)
    bytes = Self.alphabet.map { numbers[$0] ?? Int32(clamping: encoding.unknown ?? 0) }
    let texts = encoding.merges ?? []
    var merges = MergeTable(capacity: texts.count)
    for (rank, text) in texts.enumerated() {
      guard let (left, right, token) = numbers.merge(text) else { continue }
      merges.insert(left, right, MergeTable.Merge(rank: Int32(clamping: rank), token: token))
    }
    self.merges = merges
  }

  /// What is wrong with the merges or the vocabulary of an encoding; nil when nothing is.
  static func problem(_ encoding: TextEncoding) -> String? {
    guard let merges = encoding.merges else { return "byte pairs have no merges" }
    let numbers = Numbers(encoding.vocabulary)
    if let byte = alphabet.firstIndex(where: { numbers[$0] == nil }) {
      return "the vocabulary has no token for the byte \(byte)"
    }
    guard let rank = merges.firstIndex(where: { numbers.merge($0) == nil }) else { return nil }
    return "merge \(rank), '\(merges[rank])', is not 'left right' of tokens in the vocabulary, "
      + "with their concatenation"
  }

  private static let alphabet = ByteAlphabet.scalars.map { Array(String($0).utf8) }

  /// Appends the tokens of a text.
  func encode(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) {
    var scratch = Scratch()
    forEachPiece(in: text) { piece in
      if piece.count <= Self.shortPiece {
        encode(short: piece, into: &tokens)
      } else {
        encode(long: piece, &scratch, into: &tokens)
      }
    }
  }

  /// A piece of so many bytes is quicker looked through than kept in a queue.
  private static let shortPiece = 24

  /// Merges the best pair, and looks through all of them again.
  private func encode(short piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) {
    let start = tokens.count
    for byte in piece { tokens.append(bytes[Int(byte)]) }
    withUnsafeTemporaryAllocation(of: MergeTable.Merge?.self, capacity: piece.count) { found in
      for place in 0..<piece.count - 1 {
        found[place] = merges[tokens[start + place], tokens[start + place + 1]]
      }
      var count = piece.count
      while count > 1 {
        var best: (place: Int, merge: MergeTable.Merge)?
        for place in 0..<count - 1 {
          if let merge = found[place], merge.rank < best?.merge.rank ?? .max {
            best = (place, merge)
          }
        }
        guard let (place, merge) = best else { break }
        count -= 1
        tokens[start + place] = merge.token
        tokens.remove(at: start + place + 1)
        for later in place..<count - 1 { found[later] = found[later + 1] }
        if place > 0 { found[place - 1] = merges[tokens[start + place - 1], merge.token] }
        if place + 1 < count { found[place] = merges[merge.token, tokens[start + place + 1]] }
      }
    }
  }

  /// Keeps the pairs that can be merged in a queue.
  private func encode(
    long piece: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch, into tokens: inout [Int32]
  ) {
    scratch.start(piece.lazy.map { bytes[Int($0)] })
    for position in 0..<max(piece.count - 1, 0) { consider(position, &scratch) }
    while let candidate = scratch.candidates.popFirst() {
      let position = Int(candidate & 0xffff_ffff)
      let next = scratch.next[position]
      // A candidate is stale when one of its tokens has become part of another.
      guard scratch.tokens[position] >= 0, next < piece.count,
        let merge = merges[scratch.tokens[position], scratch.tokens[next]],
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
      let merge = merges[scratch.tokens[position], scratch.tokens[next]]
    else { return }
    scratch.candidates.insert(UInt64(merge.rank) << 32 | UInt64(position))
  }

  /// The numbers of a vocabulary's tokens, by their UTF-8.
  private struct Numbers {
    private var strings = ByteStringTable()
    private var numbers: [Int32] = []

    init(_ vocabulary: [String]) {
      for (number, entry) in vocabulary.enumerated() where !entry.isEmpty {
        let index = entry.withUTF8Bytes { strings.insert($0) }
        if index == numbers.count { numbers.append(Int32(clamping: number)) }
      }
    }

    subscript(text: some Collection<UInt8>) -> Int32? {
      Array(text).withUnsafeBufferPointer { strings.index(of: $0).map { numbers[$0] } }
    }

    /// The tokens of `left right`, and the one that both are together.
    func merge(_ text: String) -> (left: Int32, right: Int32, token: Int32)? {
      let bytes = Array(text.utf8)
      guard let space = bytes.firstIndex(of: UInt8(ascii: " ")),
        let left = self[bytes[..<space]], let right = self[bytes[(space + 1)...]],
        let token = self[bytes[..<space] + bytes[(space + 1)...]]
      else { return nil }
      return (left, right, token)
    }
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
