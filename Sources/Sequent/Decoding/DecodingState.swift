import SequentCompiler
import SequentIR
import SequentRuntime

/// What the hypotheses of some sources have read.
///
/// Its parts are the sources' memory, which all hypotheses of a source share and no fork copies, the
/// states of `step`, a row for each hypothesis, and the pools of keys and values of what was said, of
/// which forks share what they have in common. Hypotheses that are given up, forked or brought
/// into another order are all one thing to every part: `select(rows:)`.
final class DecodingState {
  private let functions: DecodingFunctions
  private let encoder: Session
  let stepper: Session
  private(set) var pools: KeyValuePools?
  /// The sizes of `step` but for its rows.
  private var sizes = Bindings()
  /// How many tokens of a source the model sees.
  private let context: Int?
  /// The source of every hypothesis; those of one source are side by side.
  private var rowSources: [Int] = []

  /// Makes sessions of the functions `encode` and `step`.
  init(
    _ functions: DecodingFunctions, _ executable: Executable, context: Int? = nil, threads: Int?
  ) throws {
    self.functions = functions
    self.context = context
    encoder = try executable.session(function: "encode", threads: threads)
    let stepper = try executable.session(function: "step", threads: threads)
    self.stepper = stepper
    pools = functions.pools.map { KeyValuePools($0, of: stepper) }
  }

  /// Reads sources; each has one hypothesis afterwards, which has said nothing.
  ///
  /// - Throws: `ContextError` for a source that is too long.
  func start(_ sources: [[Int32]]) throws {
    try ContextError.check(sources.map(\.count), context: context)
    // Few different sizes need few plans; what is filled up is no source of any hypothesis.
    let count = Self.roundedUp(sources.count)
    let time = Self.timeRoundedUp(sources.map(\.count).max() ?? 0, limit: context)
    var encoding = Bindings()
    for (name, type) in encoder.function.inputs {
      try encoding.bind(type.shape, to: name == "source" ? [count, time] : [count], of: name)
    }
    try encoder.bind(encoding)
    try encoder.withInput("source", as: Int32.self) { tokens in
      for row in 0..<count {
        let source = sources[row < sources.count ? row : 0]
        for place in 0..<time {
          tokens[row * time + place] = place < source.count ? source[place] : 0
        }
      }
    }
    let lengths = (0..<count).map { Int32(sources[$0 < sources.count ? $0 : 0].count) }
    try encoder.fill("source_lengths", with: lengths)
    try encoder.run()

    sizes = Bindings()
    if let type = functions.lengths {
      try sizes.bind(type.shape, to: [count], of: "source_lengths")
    }
    for output in encoder.plan?.outputs ?? [] {
      if let memory = functions.memory.first(where: { $0.name == output.name }) {
        try sizes.bind(memory.type.shape, to: output.view.shape, of: output.name)
      }
      if let state = functions.firstStates.first(where: { $0.name == output.name }) {
        try sizes.bind(state.type.shape, to: output.view.shape, of: output.name)
      }
    }
    rowSources = Array(sources.indices)
    try stepper.reset()
    pools?.start(rows: sources.count)
    try bindRows()
    if functions.lengths != nil { try stepper.fill("source_lengths", with: lengths) }
    for (name, _) in functions.memory + functions.firstStates {
      try stepper.copy(name, of: encoder, to: name)
    }
  }

  /// Keeps the hypotheses of some rows, in this order; one that is named twice is forked.
  func select(rows: [Int]) throws {
    rowSources = rows.map { rowSources[$0] }
    pools?.select(rows)
    let filling = Self.roundedUp(rows.count) - rows.count
    try stepper.selectStates(
      rows: rows + Array(repeating: rows.first ?? 0, count: filling),
      of: .symbol(functions.rows))
  }

  /// Goes on with a token in every hypothesis.
  func read(_ tokens: [Int32]) throws {
    try pools?.appendToAll()
    try bindRows()
    try stepper.fill("tokens", with: tokens)
    try pools?.fill(stepper)
    if functions.takesRowSources {
      try stepper.fill("row_sources", with: rowSources.map { Int32(truncatingIfNeeded: $0) })
    }
    try stepper.run()
  }

  /// Calls `body` with the logits of what follows each hypothesis, `[rows, vocabulary]`, and with what
  /// each attends to, `[rows, time]`; that is empty where the model does not show it.
  func withResults<Result>(
    _ body: (_ logits: Span<Float>, _ attention: Span<Float>) throws -> Result
  ) throws -> Result {
    let rows = rowSources.count
    return try stepper.withOutput("logits") { logits in
      let logits = logits.extracting(0..<rows * functions.vocabularySize)
      guard functions.hasAttention else { return try body(logits, logits.extracting(0..<0)) }
      return try stepper.withOutput("attention") { attention in
        let time = attention.count / Self.roundedUp(rows)
        return try body(logits, attention.extracting(0..<rows * time))
      }
    }
  }

  private func bindRows() throws {
    sizes[functions.rows] = Self.roundedUp(rowSources.count)
    pools?.addSizes(to: &sizes)
    try stepper.bind(sizes)
  }

  /// 1, 2, 3, 4, 6, 8, 12, 16, 24, …: at most a third of the rows are filled up.
  static func roundedUp(_ count: Int) -> Int {
    count.roundedUp(toMultipleOf: max(count.largestPowerOfTwo / 2, 1))
  }

  /// 4, 8, 12, …, 32, 40, 48, …: at least 4, and at most the limit.
  static func timeRoundedUp(_ time: Int, limit: Int? = nil) -> Int {
    min(
      max(time, 1).roundedUp(toMultipleOf: max(time.largestPowerOfTwo / 4, 4)),
      max(limit ?? .max, 1))
  }
}

extension Session {
  /// Writes numbers into an i32 input; what is longer than they are gets the first of them.
  fileprivate func fill(_ name: String, with numbers: [Int32]) throws {
    try fill(name) { numbers[$0 < numbers.count ? $0 : 0] }
  }
}

extension Int {
  /// The largest power of two that is not larger; 1 for numbers below.
  fileprivate var largestPowerOfTwo: Int {
    self < 1 ? 1 : 1 << (Int.bitWidth - 1 - leadingZeroBitCount)
  }

  fileprivate func roundedUp(toMultipleOf unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
