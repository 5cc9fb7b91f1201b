/// What pairs of tokens become, by pair: an open-addressing table.
struct MergeTable: Sendable {
  /// What a pair of tokens becomes, and how early: the lowest rank is merged first.
  struct Merge: Sendable {
    let rank: Int32
    let token: Int32
  }

  private static let free = UInt64.max
  private var pairs: [UInt64]
  private var merges: [Merge]
  private let shift: UInt64

  /// A table for so many pairs.
  init(capacity: Int) {
    let bits = max(4, Int.bitWidth - (2 * capacity).leadingZeroBitCount)
    pairs = Array(repeating: Self.free, count: 1 << bits)
    merges = Array(repeating: Merge(rank: 0, token: 0), count: 1 << bits)
    shift = UInt64(64 - bits)
  }

  /// Adds a pair, unless it is there.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let pair = packed(left, right)
    let slot = slot(of: pair)
    guard pairs[slot] == Self.free else { return }
    (pairs[slot], merges[slot]) = (pair, merge)
  }

  /// What two tokens become; nil when they stay apart.
  subscript(left: Int32, right: Int32) -> Merge? {
    let pair = packed(left, right)
    let slot = slot(of: pair)
    return pairs[slot] == pair ? merges[slot] : nil
  }

  /// The slot that holds a pair, or that it would be put in.
  private func slot(of pair: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: (pair &* 0x9e37_79b9_7f4a_7c15) >> shift)
    while pairs[slot] != pair, pairs[slot] != Self.free { slot = (slot + 1) & (pairs.count - 1) }
    return slot
  }
}

/// Two tokens as one key; its order is that of the first, then of the second.
func packed(_ left: Int32, _ right: Int32) -> UInt64 {
  UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
}
