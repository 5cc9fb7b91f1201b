/// Which slots of a pool hold the keys and values of what rows have read.
///
/// Slots come in blocks, so that what a row reads lies together. A row that is forked shares all its
/// blocks with its fork; the first of the two that goes on takes the rest of the last block, the other
/// one begins a block of its own. Nothing ever moves, and a block that no row has is used again.
struct CacheTable {
  /// How many slots a block has.
  static let blockSize = 16

  /// What one row has read.
  struct Row {
    /// The slot of every token, in order.
    fileprivate(set) var slots: [Int32] = []
    fileprivate var blocks: [Int] = []
  }

  /// The rows.
  private(set) var rows: [Row] = []
  /// By block, how many rows have it, and how many of its slots are taken.
  ///
  /// No row has block 0: it is for what nobody reads.
  private var blocks: [(owners: Int, taken: Int)] = [(1, blockSize)]
  private var free: [Int] = []

  /// How many slots a pool needs.
  var slotCount: Int { blocks.count * Self.blockSize }

  /// How many blocks hold something.
  var usedBlocks: Int { blocks.count - 1 - free.count }

  /// Lets go of all rows, and begins others, which have read nothing.
  mutating func start(rows count: Int) {
    select([])
    rows = Array(repeating: Row(), count: count)
  }

  /// The slot of a row's next token.
  mutating func append(to row: Int) -> Int32 {
    let slot: Int
    if let last = rows[row].blocks.last, let end = rows[row].slots.last,
      blocks[last].taken < Self.blockSize,
      Int(end) == last * Self.blockSize + blocks[last].taken - 1
    {
      slot = Int(end) + 1
      blocks[last].taken += 1
    } else {
      let block = free.popLast() ?? blocks.count
      if block == blocks.count { blocks.append((0, 0)) }
      blocks[block] = (1, 1)
      rows[row].blocks.append(block)
      slot = block * Self.blockSize
    }
    rows[row].slots.append(Int32(truncatingIfNeeded: slot))
    return Int32(truncatingIfNeeded: slot)
  }

  /// Keeps some of the rows, in this order; one that is named twice is forked.
  mutating func select(_ kept: [Int]) {
    let new = kept.map { rows[$0] }
    for block in new.flatMap(\.blocks) { blocks[block].owners += 1 }
    for block in rows.flatMap(\.blocks) {
      blocks[block].owners -= 1
      if blocks[block].owners == 0 { free.append(block) }
    }
    rows = new
  }
}
