import SequentIR
import SequentRuntime

/// The keys and values that the rows of a session have read: pools of slots, which are states of the session,
/// and a table that says which slots are whose.
///
/// A fork copies nothing, and rows grow by blocks: see `CacheTable`.
struct KeyValuePools {
  private let inputs: PooledInputs
  private let step: Session
  private var table = CacheTable()
  /// How many slots the pools have.
  private(set) var slotCount = Self.fewestSlots

  private static let fewestSlots = 16 * CacheTable.blockSize
  private static let fewestKeys = 2 * CacheTable.blockSize

  /// Pools for the states of a session, in which no row has read anything.
  init(_ inputs: PooledInputs, of step: Session) {
    (self.inputs, self.step) = (inputs, step)
  }

  /// How many rows there are.
  var rowCount: Int { table.rows.count }

  /// How many tokens each row has read.
  var rowLengths: [Int] { table.rows.map(\.slots.count) }

  /// The bytes of the pools.
  var bytes: Int { slotCount * inputs.bytesPerSlot }

  /// The bytes of the blocks that rows have.
  var usedBytes: Int { table.usedBlocks * CacheTable.blockSize * inputs.bytesPerSlot }

  /// How many keys the longest row sees: a plan serves as many steps as a few blocks have slots.
  private var keyCount: Int {
    max(DecodingState.timeRoundedUp(rowLengths.max() ?? 0), Self.fewestKeys)
  }

  /// Adds the sizes that the session has for what its rows have read.
  func addSizes(to sizes: inout Bindings) {
    (sizes[inputs.slots], sizes[inputs.keys]) = (slotCount, keyCount)
  }

  /// Lets go of all rows, and begins others, which have read nothing.
  mutating func start(rows count: Int) { table.start(rows: count) }

  /// Keeps some of the rows, in this order; one that is named twice is forked, without a copy.
  mutating func select(_ rows: [Int]) { table.select(rows) }

  /// The slot of a row's next token.
  mutating func append(to row: Int) -> Int32 { table.append(to: row) }

  /// Gives every row a slot for its next token.
  ///
  /// - Returns: whether the pools grew.
  @discardableResult mutating func appendToAll() throws -> Bool {
    for row in table.rows.indices { _ = table.append(to: row) }
    return try makeRoom()
  }

  /// Lets the pools have as many slots as the rows need.
  ///
  /// - Returns: whether they grew.
  mutating func makeRoom() throws -> Bool {
    guard table.slotCount > slotCount else { return false }
    let count = max(2 * slotCount, table.slotCount)
    if step.hasState {
      try step.selectStates(
        rows: Array(0..<slotCount) + Array(repeating: 0, count: count - slotCount),
        of: .symbol(inputs.slots))
    }
    slotCount = count
    return true
  }

  /// Writes a session's inputs for the last token of every row; rows beyond them use slot 0.
  func fill(_ step: Session) throws {
    let (rows, keys) = (table.rows, keyCount)
    try step.fill("slots") { $0 < rows.count ? rows[$0].slots.last ?? 0 : 0 }
    try step.fill("past") { $0 < rows.count ? Int32(rows[$0].slots.count - 1) : 0 }
    try step.fill("table") { index in
      let (row, place) = (index / keys, index % keys)
      return row < rows.count && place < rows[row].slots.count ? rows[row].slots[place] : 0
    }
  }
}

extension Session {
  /// Writes numbers into an i32 input, each from its place.
  func fill(_ name: String, _ number: (Int) -> Int32) throws {
    try withInput(name, as: Int32.self) { input in
      for index in input.indices { input[index] = number(index) }
    }
  }
}
