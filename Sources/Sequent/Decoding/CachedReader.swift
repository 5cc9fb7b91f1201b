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
/// The logits are those of `main`, bit for bit. Forks share what they have read. What is written greedily
/// is had for less by `choose`.
public final class CachedReader {
  private let prefill: Session
  private let step: Session
  /// For a model that has it, `choose`, and `head` for the logits that it leaves out.
  let choice: (choose: Session, head: Session)?
  let vocabularySize: Int
  private let context: Int?
  /// The states of both sessions.
  private var pools: KeyValuePools
  /// The session that ran last.
  private(set) var latest: Session

  /// Makes sessions of the functions.
  ///
  /// - Parameter context: how many tokens the model sees; any number by default.
  /// - Throws: `PredictionError` for a model without them, or whose functions take something else.
  public init(_ executable: Executable, context: Int? = nil, threads: Int? = nil) throws {
    guard let step = executable.module.function("step"),
      executable.module.function("prefill") != nil,
      let logits = step.outputs.first(where: { $0.name == "logits" })?.type,
      logits.rank == 2, let size = logits.shape[1].staticSize,
      let inputs = try PooledInputs(step, rows: "rows")
    else {
      throw PredictionError(
        message: "'\(executable.module.name)' has no functions prefill and step that keep a cache "
          + "and give logits f32[rows, vocabulary]")
    }
    (vocabularySize, self.context) = (size, context)
    prefill = try executable.session(function: "prefill", threads: threads)
    self.step = try executable.session(function: "step", threads: threads)
    latest = prefill
    choice =
      try executable.module.function("choose") != nil
      && executable.module.function("head") != nil
      ? (
        executable.session(function: "choose", threads: threads),
        executable.session(function: "head", threads: threads)
      ) : nil
    pools = KeyValuePools(inputs, of: self.step)
    try bind(self.step, rows: 1)
    try shareStates()
  }

  /// Whether a module has what a cached reader takes.
  static func isPossible(_ module: Module) -> Bool {
    module.function("prefill") != nil && module.function("step") != nil
  }

  /// The memory that the sessions hold; the cache counts once.
  public var bytes: Int {
    let choosing = choice.map { $0.choose.bytes - pools.bytes + $0.head.bytes } ?? 0
    return prefill.bytes + step.bytes - pools.bytes + choosing
  }

  /// How many rows there are.
  public var rowCount: Int { pools.rowCount }

  /// The bytes of keys and values that rows have read.
  public var usedBytes: Int { pools.usedBytes }

  /// Lets go of all rows, and reads the beginnings of others, each of at least one token.
  ///
  /// - Throws: `ContextError` for one of more tokens than the model sees.
  public func start(_ texts: [[Int32]]) throws {
    try ContextError.check(texts.map(\.count), context: context)
    pools.start(rows: texts.count)
    let time = DecodingState.timeRoundedUp(texts.map(\.count).max() ?? 0, limit: context)
    let rows = DecodingState.roundedUp(max(texts.count, 1))
    var slots = [Int32](repeating: 0, count: rows * time)
    for (row, text) in texts.enumerated() {
      for place in text.indices { slots[row * time + place] = pools.append(to: row) }
    }
    if try pools.makeRoom() { try shareStates() }
    try prefill.bind(["rows": rows, "time": time, "slots": pools.slotCount])
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
  ///
  /// - Throws: `ContextError` for a row that would have more tokens than the model sees, `PredictionError`
  ///   for another number of tokens than of rows.
  public func read(_ tokens: [Int32]) throws { try read(tokens, by: step) }

  /// Reads a token in every row by a function that takes what `step` takes.
  func read(_ tokens: [Int32], by step: Session) throws {
    guard tokens.count == rowCount else {
      throw PredictionError(message: "\(tokens.count) tokens to read in \(rowCount) rows")
    }
    try ContextError.check(pools.rowLengths.map { $0 + 1 }, context: context)
    if try pools.appendToAll() { try shareStates() }
    try bind(step, rows: DecodingState.roundedUp(max(tokens.count, 1)))
    try step.fill("tokens") { $0 < tokens.count ? tokens[$0] : 0 }
    try pools.fill(step)
    try step.run()
    latest = step
  }

  private func bind(_ step: Session, rows: Int) throws {
    var sizes: Bindings = ["rows": rows]
    pools.addSizes(to: &sizes)
    try step.bind(sizes)
  }

  private func shareStates() throws {
    try prefill.shareStates(of: step)
    try choice?.choose.shareStates(of: step)
  }

  /// Keeps some of the rows, in this order; one that is named twice is forked, without a copy.
  public func select(rows: [Int]) { pools.select(rows) }

  /// Calls `body` with the logits of what follows every row, as the rows were when they were read:
  /// `[rows, vocabulary]`.
  public func withLogits<Result>(_ body: (Span<Float>) throws -> Result) throws -> Result {
    if let hidden = try hidden() { return try withLogits(of: hidden, body) }
    return try latest.withOutput("logits") { logits in
      try body(logits.extracting(0..<min(rowCount * vocabularySize, logits.count)))
    }
  }

  /// Reads what was read last again, `runs` times, and measures every step; nothing changes by it.
  package func profile(runs: Int) throws -> Profile { try latest.profile(runs: runs) }
}
