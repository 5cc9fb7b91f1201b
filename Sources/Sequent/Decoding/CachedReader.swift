import SequentCompiler
import SequentIR
import SequentRuntime

/// Reads texts side by side with the functions `prefill` and `step` of a model, which keep the keys and
/// values of what was read: a token costs the same however much came before.
///
///     let reader = try CachedReader(model.executable)
///     try reader.start([prompt])
///     try reader.withLogits { logits in … }      // [rows, vocabulary]
///     try reader.read([token])
///
/// The logits are those of `main`, bit for bit. Forks share what they have read.
public final class CachedReader {
  private let prefill: Session
  private let step: Session
  private let vocabularySize: Int
  private var table = CacheTable()
  /// The session that ran last.
  private var latest: Session
  /// How many slots the pools have.
  private var slotCount = 0

  /// Makes sessions of the functions.
  ///
  /// - Throws: `PredictionError` for a model without them, or whose functions take something else.
  public init(_ executable: Executable, threads: Int? = nil) throws {
    guard let step = executable.module.function("step"),
      executable.module.function("prefill") != nil,
      let logits = step.outputs.first(where: { $0.name == "logits" })?.type,
      logits.rank == 2, let size = logits.shape[1].staticSize
    else {
      throw PredictionError(
        message: "'\(executable.module.name)' has no functions prefill and step that give logits "
          + "f32[rows, vocabulary]")
    }
    vocabularySize = size
    prefill = try executable.session(function: "prefill", threads: threads)
    self.step = try executable.session(function: "step", threads: threads)
    latest = prefill
  }

  /// Whether a module has what a cached reader takes.
  static func isPossible(_ module: Module) -> Bool {
    module.function("prefill") != nil && module.function("step") != nil
  }

  /// The memory that the sessions hold; the cache counts once.
  public var bytes: Int { prefill.bytes + step.bytes - cacheBytes }

  /// How many rows there are.
  public var rowCount: Int { table.rows.count }

  /// The bytes of keys and values that rows have read.
  public var usedBytes: Int {
    slotCount > 0 ? cacheBytes / slotCount * table.usedBlocks * CacheTable.blockSize : 0
  }

  private var cacheBytes: Int {
    (step.plan ?? prefill.plan)?.states.reduce(0) { $0 + $1.view.count * 4 } ?? 0
  }

  /// Lets go of all rows, and reads the beginnings of others, each of at least one token.
  public func start(_ texts: [[Int32]]) throws {
    table.start(rows: texts.count)
    let time = DecodingState.timeRoundedUp(texts.map(\.count).max() ?? 0)
    let rows = DecodingState.roundedUp(max(texts.count, 1))
    var slots = [Int32](repeating: 0, count: rows * time)
    for (row, text) in texts.enumerated() {
      for place in text.indices { slots[row * time + place] = table.append(to: row) }
    }
    try makeRoom()
    try prefill.bind(["rows": rows, "time": time, "slots": slotCount])
    try prefill.fill("tokens") { index in
      let (row, place) = (index / time, index % time)
      return row < texts.count && place < texts[row].count ? texts[row][place] : 0
    }
    try prefill.fill("slots") { slots[$0] }
    try prefill.fill("lengths") { Int32($0 < texts.count ? texts[$0].count : 1) }
    try prefill.run()
    latest = prefill
  }

  /// Reads a token in every row.
  public func read(_ tokens: [Int32]) throws {
    let rows = DecodingState.roundedUp(max(tokens.count, 1))
    let past = table.rows.map { Int32($0.slots.count) }
    let slots = table.rows.indices.map { table.append(to: $0) }
    let longest = table.rows.map(\.slots.count).max() ?? 1
    // A plan serves as many steps as a few blocks have slots.
    let keys = max(DecodingState.timeRoundedUp(longest), 2 * CacheTable.blockSize)
    try makeRoom()
    try step.bind(["rows": rows, "keys": keys, "slots": slotCount])
    try step.fill("tokens") { $0 < tokens.count ? tokens[$0] : 0 }
    try step.fill("past") { $0 < past.count ? past[$0] : 0 }
    try step.fill("slots") { $0 < slots.count ? slots[$0] : 0 }
    let known = table.rows
    try step.fill("table") { index in
      let (row, place) = (index / keys, index % keys)
      return row < known.count && place < known[row].slots.count ? known[row].slots[place] : 0
    }
    try step.run()
    latest = step
  }

  /// Keeps some of the rows, in this order; one that is named twice is forked, without a copy.
  public func select(rows: [Int]) { table.select(rows) }

  /// Calls `body` with the logits of what follows every row, as the rows were when they were read:
  /// `[rows, vocabulary]`.
  public func withLogits<Result>(_ body: (Span<Float>) throws -> Result) throws -> Result {
    try latest.withOutput("logits") { logits in
      try body(logits.extracting(0..<min(table.rows.count * vocabularySize, logits.count)))
    }
  }

  /// Reads what was read last again, `runs` times, and measures every step; nothing changes by it.
  package func profile(runs: Int) throws -> Profile { try latest.profile(runs: runs) }

  /// Lets the pools grow to what the table needs, and both functions use the same.
  private func makeRoom() throws {
    guard table.slotCount > slotCount else { return }
    let old = slotCount
    slotCount = max(2 * old, table.slotCount, 16 * CacheTable.blockSize)
    if old > 0 {
      try step.selectStates(
        rows: Array(0..<old) + Array(repeating: 0, count: slotCount - old), of: "slots")
    } else {
      try step.bind(["rows": 1, "keys": 2 * CacheTable.blockSize, "slots": slotCount])
    }
    try prefill.shareStates(of: step)
  }
}

extension Session {
  /// Writes numbers into an i32 input, each from its place.
  fileprivate func fill(_ name: String, _ number: (Int) -> Int32) throws {
    try withInput(name, as: Int32.self) { input in
      for index in input.indices { input[index] = number(index) }
    }
  }
}
