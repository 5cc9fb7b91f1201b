import Sequent
import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

/// Greedy reading with a shortlist of the vocabulary against reading with all logits.
@Suite struct ChoiceTests {
  /// So many that a shortlist pays: see `Shortlist.pays`.
  private static let (vocabulary, width) = (16_500, 64)

  private static func configuration() -> GPT.Configuration {
    var configuration = GPT.Configuration()
    (configuration.vocabulary, configuration.context) = (vocabulary, 40)
    (configuration.width, configuration.layers, configuration.heads) = (width, 1, 2)
    configuration.feedForward = 32
    return configuration
  }

  /// A language model of characters; `favourite` is a token that it often says.
  private static func languageModel(favourite: Int?) throws -> CompiledModel {
    let characters = (0..<vocabulary - 3).compactMap { Unicode.Scalar(0x4e00 + $0) }
    var configuration = configuration()
    configuration.text = TextEncoding(
      unit: .character, vocabulary: ["<pad>", "<unk>", "</s>"] + characters.map { String($0) },
      unknown: 1, end: 2)
    let traced = try GPT(configuration).traced()
    var tensors: [String: TensorData] = [:]
    for parameter in traced.module.parameters {
      let data = try parameter.initialValues(seed: 7)
      guard case .float32(var values) = data.elements else { continue }
      if let favourite, data.shape.first == vocabulary {
        for index in favourite * width..<(favourite + 1) * width { values[index] *= 3 }
      }
      tensors[parameter.name] = try .float32(values, shape: data.shape)
    }
    return try CompiledModel(traced, weights: TensorCollection(tensors))
  }

  private static func texts(_ rows: Int) -> [[Int32]] {
    (0..<rows).map { row in (0...row * 2).map { Int32(($0 * 991 + row * 77) % vocabulary) } }
  }

  private static func logits(_ reader: CachedReader) throws -> [[Float]] {
    try reader.withLogits { logits in
      stride(from: 0, to: logits.count, by: vocabulary).map { start in
        (start..<start + vocabulary).map { logits[$0] }
      }
    }
  }

  private static func largest(_ logits: [[Float]]) -> [Int32] {
    logits.map { row in Int32(row.firstIndex(of: row.max() ?? 0) ?? 0) }
  }

  @Test(arguments: [1, 4, 6], [WeightsType.float32, .bfloat16])
  func `choices are those of all logits, which can be had`(rows: Int, type: WeightsType) throws {
    let model = try CompiledModel(
      GPT(Self.configuration()).traced(), seed: 5, weightsType: type)
    for threads in [1, 2] {
      let whole = try CachedReader(model.executable, threads: threads)
      let fast = try CachedReader(model.executable, threads: threads)
      for reader in [whole, fast] { try reader.start(Self.texts(rows)) }
      var tokens = Self.largest(try Self.logits(whole))
      for step in 0..<4 {
        try whole.read(tokens)
        let logits = try Self.logits(whole)
        let chosen = try fast.choose(after: tokens)
        #expect(chosen == Self.largest(logits), "step \(step)")
        let later = try Self.logits(fast)
        #expect(later == logits, "step \(step)")
        tokens = Self.largest(logits)
        // What one way has read the other one goes on with.
        if step == 2 {
          for reader in [whole, fast] { reader.select(rows: (0..<rows).reversed()) }
          tokens.reverse()
          try fast.read(tokens)
          try whole.read(tokens)
          let both = try [fast, whole].map(Self.logits)
          #expect(both[0] == both[1])
        }
      }
    }
  }

  @Test func `tokens are as many as rows, and forks have the logits of what was read`() throws {
    let reader = try CachedReader(CompiledModel(GPT(Self.configuration()).traced()).executable)
    try reader.start(Self.texts(2))
    for tokens in [[], [1], [1, 2, 3]] as [[Int32]] {
      #expect(throws: PredictionError.self) { try reader.choose(after: tokens) }
      #expect(throws: PredictionError.self) { try reader.read(tokens) }
    }
    _ = try reader.choose(after: [1, 2])
    let logits = try Self.logits(reader)
    reader.select(rows: [0, 0, 1])
    let forked = try Self.logits(reader)
    #expect(forked == logits)
  }

  @Test func `a choice that the cache has no room for makes room`() throws {
    let model = try CompiledModel(GPT(Self.configuration()).traced(), seed: 5)
    let (whole, fast) = (try CachedReader(model.executable), try CachedReader(model.executable))
    // Fourteen blocks of sixteen, all but full; every row's next one but one needs another.
    let texts = Self.texts(14).map { Array(repeating: $0[0], count: 15) }
    for reader in [whole, fast] { try reader.start(texts) }
    var tokens = Self.largest(try Self.logits(whole))
    for _ in 0..<3 {
      try whole.read(tokens)
      let chosen = try fast.choose(after: tokens)
      tokens = Self.largest(try Self.logits(whole))
      #expect(chosen == tokens)
    }
    #expect(fast.usedBytes == whole.usedBytes)
  }

  @Test func `few rows don't multiply with the vocabulary`() throws {
    let executable = try CompiledModel(GPT(Self.configuration()).traced()).executable
    for (rows, isShort) in [(1, true), (4, true), (5, false)] {
      let plan = try executable.plan(
        function: "choose", ["rows": rows, "keys": 32, "slots": 64])
      let names = plan.instructions.map(\.kernel.name)
      #expect(names.contains("shortlist_argmax") == isShort)
      let products = plan.instructions.filter { instruction in
        guard case .gemm(let gemm) = instruction.kernel else { return false }
        return gemm.columns == Self.vocabulary
      }
      #expect(products.count == (isShort ? 0 : 1))
    }
  }

  @Test(arguments: [nil, 0, 2] as [Int?])
  func `greedy texts and their likelihoods are those of all logits`(favourite: Int?) throws {
    let model = try Self.languageModel(favourite: favourite)
    let prompts = ["一丁", "丂", "七丄丅丆万丈三", "上下", "丌", "不与丏丐丑丒专且丕世丗丘丙"]
    var options = GenerationOptions()
    options.length = 30
    options.sampling = .greedy
    let fast = try model.generator()
    let slow = try Generator(model.task(), session: model.session())
    for count in [1, 3, 6] {
      let chosen = Array(prompts.prefix(count))
      let texts = try fast.generate(chosen, options)
      #expect(texts == (try slow.generate(chosen, options)), "\(count) prompts")
      #expect(!texts.joined().contains { $0.tokens.contains(0) })
    }
    var pieces = ""
    let alone = try fast.generate(prompts[0], options) { pieces += $0 }
    let whole = try slow.generate(prompts[0], options)
    #expect(pieces == alone.text && alone == whole)
  }
}
