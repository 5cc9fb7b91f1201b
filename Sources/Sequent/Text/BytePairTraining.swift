/// Learns the merges of a byte pair encoding (Gage, 1994; Sennrich et al., 2016) from counted pieces.
///
/// The most frequent pair of neighbours is merged everywhere, again and again; of equally frequent
/// ones that with the smaller tokens. Tokens 0 to 255 are the bytes, token 256 + i is merge i.
struct BytePairTraining {
  /// One piece: the places of its tokens, and how often it occurs.
  private struct Word {
    var tokens: Range<Int>
    let count: Int
  }

  /// A pair that was this frequent when it was put into the queue: the most frequent is first.
  private struct Candidate: Comparable {
    let count: Int
    let pair: UInt64

    static func < (first: Candidate, second: Candidate) -> Bool {
      first.count != second.count ? first.count > second.count : first.pair < second.pair
    }
  }

  private var tokens: [Int32] = []
  private var words: [Word] = []
  private var counts: [UInt64: Int] = [:]
  /// The words that a pair is or was in; some more than once.
  private var places: [UInt64: [Int32]] = [:]
  private var queue = Heap<Candidate>()

  /// Starts with pieces of text and their counts.
  init(_ pieces: PieceCounts) {
    // What is longer is no word; cut, it can't make every merge walk through it.
    let longest = 64
    for piece in 0..<pieces.count {
      var rest = pieces[piece].bytes
      while rest.count > 1 {
        let start = tokens.count
        tokens.append(contentsOf: rest.prefix(longest).lazy.map(Int32.init))
        words.append(Word(tokens: start..<tokens.count, count: pieces[piece].count))
        rest = rest.dropFirst(longest)
      }
    }
    for word in words.indices {
      for position in words[word].tokens.dropLast() {
        let pair = packed(tokens[position], tokens[position + 1])
        counts[pair, default: 0] += words[word].count
        places[pair, default: []].append(Int32(word))
      }
    }
    for (pair, count) in counts { queue.insert(Candidate(count: count, pair: pair)) }
  }

  /// Up to `limit` merges, none of a pair that is less frequent than `minimumCount`.
  mutating func merges(
    limit: Int, minimumCount: Int
  ) -> [(left: Int32, right: Int32)] {
    var merges: [(left: Int32, right: Int32)] = []
    while merges.count < limit, let best = queue.popFirst() {
      let count = counts[best.pair] ?? 0
      guard count == best.count else {
        // Pairs become rarer without the queue's notice.
        if count > 0 { queue.insert(Candidate(count: count, pair: best.pair)) }
        continue
      }
      guard count >= max(minimumCount, 1) else { break }
      let merge = (
        left: Int32(truncatingIfNeeded: best.pair >> 32),
        right: Int32(truncatingIfNeeded: best.pair)
      )
      replace(best.pair, merge, by: Int32(256 + merges.count))
      merges.append(merge)
    }
    return merges
  }

  private mutating func replace(
    _ pair: UInt64, _ merge: (left: Int32, right: Int32), by token: Int32
  ) {
    var changed = Set<UInt64>()
    for index in places.removeValue(forKey: pair) ?? [] {
      let word = Int(index)
      guard contains(merge, words[word]) else { continue }
      count(words[word], sign: -1)
      join(merge, as: token, in: word)
      count(words[word], sign: 1)
      for position in words[word].tokens.dropLast()
      where tokens[position] == token || tokens[position + 1] == token {
        let pair = packed(tokens[position], tokens[position + 1])
        places[pair, default: []].append(index)
        changed.insert(pair)
      }
    }
    counts[pair] = nil
    for pair in changed { queue.insert(Candidate(count: counts[pair] ?? 0, pair: pair)) }
  }

  private func contains(_ merge: (left: Int32, right: Int32), _ word: Word) -> Bool {
    word.tokens.dropLast().contains {
      tokens[$0] == merge.left && tokens[$0 + 1] == merge.right
    }
  }

  private mutating func count(_ word: Word, sign: Int) {
    for position in word.tokens.dropLast() {
      counts[packed(tokens[position], tokens[position + 1]), default: 0] += sign * word.count
    }
  }

  /// Merges the pairs of a word from left to right; its tokens move together.
  private mutating func join(
    _ merge: (left: Int32, right: Int32), as token: Int32, in word: Int
  ) {
    let places = words[word].tokens
    var (source, target) = (places.lowerBound, places.lowerBound)
    while source < places.upperBound {
      let joins =
        source + 1 < places.upperBound && tokens[source] == merge.left
        && tokens[source + 1] == merge.right
      tokens[target] = joins ? token : tokens[source]
      source += joins ? 2 : 1
      target += 1
    }
    words[word].tokens = places.lowerBound..<target
  }
}
