import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Reading with a cache against reading from the beginning.
@Suite struct CachedReaderTests {
  private static let vocabulary = 40

  /// A small GPT-2, or with other options a small Llama.
  private static func model(isLlama: Bool, layers: Int = 2) throws -> CompiledModel {
    var configuration = GPT.Configuration()
    (configuration.vocabulary, configuration.context) = (vocabulary, 400)
    (configuration.width, configuration.layers, configuration.heads) = (32, layers, 4)
    configuration.feedForward = 48
    if isLlama {
      (configuration.positions, configuration.normalization) = (.rotary, .rootMeanSquare)
      (configuration.activation, configuration.isGated) = (.silu, true)
      configuration.hasBias = false
      (configuration.keyHeads, configuration.isJoint, configuration.isTied) = (2, false, false)
    }
    return try CompiledModel(GPT(configuration).traced(), seed: 3)
  }

  private static func text(_ count: Int, _ seed: Int) -> [Int32] {
    (0..<count).map { Int32(($0 * 7 + $0 * $0 * 3 + seed * 11) % vocabulary) }
  }

  /// The bits of the logits behind every token of a text.
  private static func uncached(_ model: CompiledModel, _ text: [Int32]) throws -> [[UInt32]] {
    let logits = try model.session().run([
      "tokens": .int32(text, shape: [1, text.count]),
      "lengths": .int32([Int32(text.count)], shape: [1]),
    ])["logits"]
    guard case .float32(let values)? = logits?.elements else { return [] }
    return text.indices.map { place in
      values[place * vocabulary..<(place + 1) * vocabulary].map(\.bitPattern)
    }
  }

  private static func bits(_ reader: CachedReader) throws -> [[UInt32]] {
    try reader.withLogits { logits in
      (0..<logits.count / vocabulary).map { row in
        (row * vocabulary..<(row + 1) * vocabulary).map { logits[$0].bitPattern }
      }
    }
  }

  @Test(arguments: [false, true]) func cachedIsUncachedBitForBit(isLlama: Bool) throws {
    let model = try Self.model(isLlama: isLlama)
    let texts = [Self.text(60, 1), Self.text(33, 2), Self.text(300, 3)]
    let expected = try texts.map { try Self.uncached(model, $0) }
    let reader = try CachedReader(model.executable)
    let begun = [20, 1, 270]
    try reader.start(zip(texts, begun).map { Array($0.prefix($1)) })
    #expect(try Self.bits(reader) == zip(expected, begun).map { $0[$1 - 1] })
    for step in 0..<30 {
      try reader.read(zip(texts, begun).map { $0[$1 + step] })
      let wanted = zip(expected, begun).map { $0[$1 + step] }
      #expect(try Self.bits(reader) == wanted, "step \(step)")
    }
    // Anew, on what is there already.
    try reader.start([Array(texts[1].prefix(5))])
    #expect(try Self.bits(reader) == [expected[1][4]])
  }

  @Test func forksShareWhatTheyHaveRead() throws {
    let model = try Self.model(isLlama: false)
    let (prompt, reader) = (Self.text(200, 4), try CachedReader(model.executable))
    try reader.start([prompt])
    let alone = reader.usedBytes
    reader.select(rows: Array(repeating: 0, count: 64))
    #expect(reader.usedBytes == alone)
    let first = (0..<64).map { Int32($0 % Self.vocabulary) }
    try reader.read(first)
    // Each has a block of its own beside the prompt's thirteen.
    #expect(reader.usedBytes <= alone / 13 * (13 + 64))
    reader.select(rows: [63, 2, 2, 17])
    try reader.read([5, 6, 7, 8])
    let chosen = [first[63], first[2], first[2], first[17]]
    for (row, (token, next)) in zip(chosen, [5, 6, 7, 8] as [Int32]).enumerated() {
      let expected = try Self.uncached(model, prompt + [token, next])
      #expect(try Self.bits(reader)[row] == expected[201], "row \(row)")
    }
    reader.select(rows: [])
    #expect(reader.usedBytes == 0)
  }

  @Test func nothingIsCopiedInAStep() throws {
    let model = try Self.model(isLlama: false, layers: 1)
    for (function, sizes) in [
      ("step", ["rows": 3, "keys": 32, "slots": 64]),
      ("prefill", ["rows": 3, "time": 8, "slots": 64]),
    ] as [(String, Bindings)] {
      let plan = try model.executable.plan(function: function, sizes)
      #expect(!plan.instructions.contains { $0.kernel == .copy }, "\(plan)")
    }
  }

  @Test func moreTokensThanTheModelSeesAreRefused() throws {
    let model = try Self.model(isLlama: false)
    let reader = try CachedReader(model.executable, context: 400)
    #expect(throws: ContextError.self) { try reader.start([[1], Self.text(401, 1)]) }
    try reader.start([[1], Self.text(399, 1)])
    try reader.read([2, 3])
    let error = try #require(throws: ContextError.self) { try reader.read([2, 3]) }
    #expect(error.index == 1 && error.tokens == 401)
    reader.select(rows: [0])
    try reader.read([2])
  }

  @Test func modelsWithoutTheFunctionsAreRefused() throws {
    var configuration = BERT.Configuration()
    (configuration.vocabulary, configuration.width, configuration.layers) = (8, 8, 1)
    (configuration.heads, configuration.feedForward) = (2, 8)
    let model = try CompiledModel(BERT(configuration).traced())
    #expect(throws: PredictionError.self) { try CachedReader(model.executable) }
  }
}
