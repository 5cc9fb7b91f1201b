/// Byte strings numbered in the order in which they were first seen.
///
/// They lie end to end in one array, behind an open-addressing table: a look-up makes no `String`.
struct ByteStringTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// A string's number plus 1 at the slot of its hash, or at the first free one after; 0 is free.
  private var slots = [UInt32](repeating: 0, count: 64)

  /// How many strings there are.
  var count: Int { ends.count }

  /// The string of a number.
  subscript(index: Int) -> ArraySlice<UInt8> {
    bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  /// The number of a string; nil when it is not in the table.
  func index(of string: UnsafeBufferPointer<UInt8>) -> Int? {
    let slot = slot(of: string)
    return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
  }

  /// The number of a string, which is added when it is new.
  mutating func insert(_ string: UnsafeBufferPointer<UInt8>) -> Int {
    let slot = slot(of: string)
    if slots[slot] != 0 { return Int(slots[slot]) - 1 }
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
    slots[slot] = UInt32(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return ends.count - 1
  }

  /// The slot that holds a string, or that it would be put in.
  private func slot(of string: UnsafeBufferPointer<UInt8>) -> Int {
    var slot = Int(truncatingIfNeeded: stableHash(string)) & (slots.count - 1)
    while slots[slot] != 0, !self[Int(slots[slot]) - 1].elementsEqual(string) {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 4)
    for index in ends.indices {
      var slot = Int(truncatingIfNeeded: self[index].withUnsafeBufferPointer(stableHash))
      slot &= slots.count - 1
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(index + 1)
    }
  }
}

/// A hash that is the same in every process: FNV-1a, and a multiplication for its low bits.
func stableHash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  hash = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
  return hash ^ (hash >> 29)
}

extension String {
  /// Calls `body` with the text's UTF-8.
  func withUTF8Bytes<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    var text = self
    return try text.withUTF8(body)
  }
}
