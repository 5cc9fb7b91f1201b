/// How often each of many pieces of text occurs.
struct PieceCounts: Sendable {
  private var pieces = ByteStringTable()
  private var counts: [Int] = []

  /// How many different pieces there are.
  var count: Int { counts.count }

  /// A piece's bytes and how often it occurs.
  subscript(index: Int) -> (bytes: ArraySlice<UInt8>, count: Int) { (pieces[index], counts[index]) }

  /// Counts one occurrence.
  mutating func add(_ piece: UnsafeBufferPointer<UInt8>) {
    let index = pieces.insert(piece)
    if index == counts.count { counts.append(0) }
    counts[index] += 1
  }
}
