import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// A Transformer that decodes with a cache, against itself without one.
@Suite struct TransformerDecodingTests {
  private static let sources: [[Int32]] = [5, 1, 17, 0, 9].enumerated().map { index, length in
    (0..<length).map { Int32(($0 * 7 + index * 5) % 12) }
  }

  /// Begin, and tokens that may be said.
  private static func said(_ count: Int, _ seed: Int) -> [Int32] {
    [2] + (1..<max(count, 1)).map { Int32(4 + ($0 * $0 + $0 * seed + seed) % 4) }
  }

  /// The bits of the logits behind every token of a target, read as a whole.
  private static func uncached(
    _ model: CompiledModel, _ source: [Int32], _ target: [Int32]
  ) throws -> [[UInt32]] {
    let logits = try model.session().run([
      "source": .padded([source], with: 0), "source_lengths": .lengths([source]),
      "target": .padded([target], with: 0), "target_lengths": .lengths([target]),
    ])["logits"]
    guard case .float32(let values)? = logits?.elements else { return [] }
    return target.indices.map { values[$0 * 8..<$0 * 8 + 8].map(\.bitPattern) }
  }

  private static func state(_ model: CompiledModel) throws -> DecodingState {
    let functions = try DecodingFunctions(model.executable.module)
    return try DecodingState(functions, model.executable, threads: 2)
  }

  /// The bits of the logits behind every row.
  private static func bits(_ state: DecodingState) throws -> [[UInt32]] {
    try state.withResults { logits, _ in
      (0..<logits.count / 8).map { row in (row * 8..<row * 8 + 8).map { logits[$0].bitPattern } }
    }
  }

  @Test(
    arguments: [NormalizationPlacement.before, .after],
    [PositionKind.learned, .sinusoidal, .rotary, .none])
  func `cached is uncached, bit for bit`(
    _ placement: NormalizationPlacement, _ positions: PositionKind
  ) throws {
    let model = try DecodingModel.smallTransformer {
      ($0.placement, $0.positions, $0.context) = (placement, positions, 70)
    }.compiled(seed: 5)
    let targets = [70, 1, 33, 48, 17].enumerated().map { Self.said($1, $0) }
    let expected = try zip(Self.sources, targets).map { try Self.uncached(model, $0, $1) }
    let state = try Self.state(model)
    // The second time on what the first has left.
    for _ in 0..<2 {
      try state.start(Self.sources)
      var live = Array(targets.indices)
      for step in 0..<70 {
        let left = live.indices.filter { step < targets[live[$0]].count }
        if left.count < live.count { try state.select(rows: left) }
        live = left.map { live[$0] }
        try state.read(live.map { targets[$0][step] })
        #expect(try Self.bits(state) == live.map { expected[$0][step] }, "step \(step)")
      }
    }
  }

  @Test func `forks share what was said, and go on as if alone`() throws {
    let model = try DecodingModel.smallTransformer().compiled(seed: 3)
    let (source, beginning) = (Self.sources[2], Self.said(40, 1))
    let state = try Self.state(model)
    let used = { state.pools?.usedBytes ?? 0 }
    try state.start([source])
    for token in beginning { try state.read([token]) }
    // Two layers' keys and values of 16 numbers, in blocks of 16 slots.
    let block = 2 * 2 * 16 * 4 * 16
    #expect(used() == 3 * block)
    try state.select(rows: Array(repeating: 0, count: 64))
    #expect(used() == 3 * block, "a fork copies nothing")
    var said = (0..<64).map { beginning + [Int32(4 + $0 % 4)] }
    try state.read(said.map { $0[40] })
    #expect(used() == (3 + 63) * block, "one goes on in the block that is begun")
    let rows = [63, 2, 2, 17, 0]
    try state.select(rows: rows)
    said = rows.map { said[$0] }
    for step in 0..<20 {
      for row in said.indices { said[row].append(Int32(4 + (row * row + step) % 4)) }
      try state.read(said.compactMap(\.last))
    }
    for (row, said) in said.enumerated() {
      #expect(try Self.bits(state)[row] == Self.uncached(model, source, said).last, "row \(row)")
    }
    #expect(used() <= (3 + 5 * 2 + 2) * block)
    try state.start([source])
    #expect(used() == 0)
  }

  @Test func `memory grows by blocks of what was said, not with the context`() throws {
    var held: [Int] = []
    for context in [100, 10_000] {
      let model = try DecodingModel.smallTransformer {
        ($0.positions, $0.context) = (.learned, context)
      }.compiled()
      let state = try Self.state(model)
      try state.start([Self.sources[0]])
      try state.read([2])
      try state.select(rows: Array(repeating: 0, count: 64))
      for _ in 0..<15 { try state.read(Array(repeating: 4, count: 64)) }
      held.append(state.stepper.bytes)
      let plan = try #require(state.stepper.plan)
      #expect(plan.bindings["keys"] == 32 && plan.bindings["slots"] ?? 0 <= 2 * 65 * 16)
      #expect(!plan.instructions.contains { $0.kernel == .copy }, "\(plan)")
    }
    #expect(held[0] == held[1])
  }

  @Test func `attention is the mean of the last layer's heads`() throws {
    let traced = try DecodingModel.smallTransformer().traced()
    var shown: [[Float]] = []
    for options in [CompilerOptions(), CompilerOptions(disabledPasses: ["fuse-attention"])] {
      let state = try Self.state(CompiledModel(traced, seed: 3, options: options))
      try state.start(Self.sources)
      for step in 0..<3 { try state.read(Self.sources.indices.map { Self.said(3, $0)[step] }) }
      try state.withResults { _, attention in
        let time = attention.count / Self.sources.count
        for (row, source) in Self.sources.enumerated() {
          let weights = (row * time..<(row + 1) * time).map { attention[$0] }
          #expect(weights.dropFirst(source.count).allSatisfy { $0 == 0 })
          #expect(source.isEmpty || abs(weights.reduce(0, +) - 1) < 1e-6)
          #expect(source.count < 2 || Set(weights.prefix(source.count)).count > 1)
        }
        shown.append(attention.indices.map { attention[$0] })
      }
    }
    #expect(zip(shown[0], shown[1]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func `a source that is too long is refused, an answer ends at the context`() throws {
    let model = try DecodingModel.smallTransformer { ($0.positions, $0.context) = (.learned, 9) }
      .compiled(seed: 1)
    let predictor = try model.sequencePredictor()
    let error = try #require(throws: ContextError.self) {
      try predictor.predict(["abc", "abcdefghij"])
    }
    #expect(error.index == 1 && error.tokens == 10 && error.context == 9)
    #expect("\(error)" == "text 2: 10 tokens, but the model sees 9 at most")
    var greedy = DecodingOptions()
    greedy.prefix = [4, 4, 4, 4, 4, 4, 4, 4]
    var beam = DecodingOptions.beam(3, best: 3)
    (beam.prefix, beam.maximumLength) = (greedy.prefix, 100)
    for options in [greedy, beam] {
      let answers = try predictor.predict(["abcdefghi", "a", ""], options)
      #expect(answers.joined().contains { $0.hypothesis.tokens.count == 9 })
      #expect(answers.joined().allSatisfy { (8...9).contains($0.hypothesis.tokens.count) })
    }
    greedy.prefix.append(4)
    #expect(throws: GenerationError.self) { try predictor.predict(["a"], greedy) }
    let endless = try DecodingModel.smallTransformer { $0.context = 9 }.compiled(seed: 1)
    #expect(try endless.task().context == nil)
    #expect(try endless.sequencePredictor().predict(["abcdefghij"]).count == 1)
  }
}
