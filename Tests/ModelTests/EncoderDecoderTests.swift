import SequentCompiler
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Recurrent encoder-decoders: `encode` and `step` say what `main` says, and all guidances learn.
@Suite struct EncoderDecoderTests {
  /// Small, of any guidance; the target says the source's tokens from the last to the first.
  private struct Reversal: Model {
    static let vocabulary = ["<pad>", "<unk>", "<s>", "</s>", "a", "b", "c"]
    var network = Self.network(.bahdanau, layers: 1, feedback: 0)

    static func network(
      _ guidance: DecoderGuidance, layers: Int, feedback: Double
    ) -> EncoderDecoder<GRUCell, AdditiveScore> {
      EncoderDecoder(
        sourceVocabulary: 7, targetVocabulary: 7, embedding: 6,
        encoder: GRU(6, 8, layers: layers, bidirectional: true),
        decoder: RecurrentDecoder(
          input: 6, memory: 16, layers: layers, guidance: guidance,
          attention: Attention(.additive(query: 12, memory: 16, units: 8))
        ) { GRUCell($0, 12) }, dropout: Dropout(0.05), feedbackShare: feedback)
    }

    init() {}

    init(_ guidance: DecoderGuidance, layers: Int = 1, feedback: Double = 0) {
      network = Self.network(guidance, layers: layers, feedback: feedback)
    }

    func main(_ inputs: Inputs) -> Outputs { network.main(inputs) }
    var functions: [ModelFunction] { network.functions }
    var task: ModelTask? {
      let text = TextEncoding(
        unit: .word, vocabulary: Self.vocabulary, unknown: 1, begin: 2, end: 3)
      return .sequenceToSequence(source: text, target: text)
    }
  }

  private static func sources(_ number: UInt64, rows: Int) -> [[Int32]] {
    var generator = CounterGenerator(seed: number, stream: "sources")
    return (0..<rows).map { _ in
      (0..<Int.random(in: 1...5, using: &generator)).map { _ in
        Int32.random(in: 4...6, using: &generator)
      }
    }
  }

  private static func batch(
    _ sources: [[Int32]], targets: [[Int32]], padding: Int = 0
  ) throws -> [String: TensorData] {
    let padded = { (rows: [[Int32]], value: Int32) -> TensorData in
      let width = (rows.map(\.count).max() ?? 0) + padding
      return try .int32(
        rows.flatMap { $0 + Array(repeating: value, count: width - $0.count) },
        shape: [rows.count, width])
    }
    return [
      "source": try padded(sources, 0), "source_lengths": try .lengths(sources),
      "target": try padded(targets.map { [2] + $0 }, 0),
      "target_lengths": try .lengths(targets.map { [2] + $0 }),
      "labels": try padded(targets.map { $0 + [3] }, Batch.ignoredLabel),
    ]
  }

  @Test(arguments: DecoderGuidance.allCases, [1, 2])
  func stepsSayWhatMainSays(_ guidance: DecoderGuidance, _ layers: Int) throws {
    let model = try Reversal(guidance, layers: layers).compiled(seed: 3)
    let sources = Self.sources(1, rows: 7)
    let answers = try SequenceDecoder(
      model.executable, target: #require(model.traced.task).text, threads: 1
    )
    .greedy(sources, maximumLength: 6)
    var inputs = try Self.batch(sources, targets: answers)
    inputs["labels"] = nil
    let logits = try #require(try model.session().run(inputs)["logits"])
    guard case .float32(let values) = logits.elements else { return }
    let time = logits.shape[1]
    for (row, answer) in answers.enumerated() {
      for (place, token) in answer.enumerated() {
        let start = (row * time + place) * 7
        // What is never said is not looked at.
        let said = (3..<7).max { values[start + $0] < values[start + $1] }
        #expect(said == Int(token), "\(guidance) row \(row) place \(place)")
      }
    }
  }

  @Test(arguments: DecoderGuidance.allCases)
  func paddingAndCompanyDoNotChangeARow(_ guidance: DecoderGuidance) throws {
    let session = try Reversal(guidance).compiled(seed: 4).session()
    let sources = Self.sources(2, rows: 6)
    let targets = sources.map { Array($0.reversed()) }
    let rows = { (sources: [[Int32]], targets: [[Int32]], padding: Int) -> [[Float]] in
      var inputs = try Self.batch(sources, targets: targets, padding: padding)
      inputs["labels"] = nil
      let logits = try #require(try session.run(inputs)["logits"])
      guard case .float32(let values) = logits.elements else { return [] }
      let width = logits.shape[1] * 7
      return targets.indices.map {
        Array(values[$0 * width..<$0 * width + ($0 < 0 ? 0 : 7 * (targets[$0].count + 1))])
      }
    }
    let together = try rows(sources, targets, 0)
    #expect(try rows(sources, targets, 3) == together)
    for row in sources.indices {
      #expect(try rows([sources[row]], [targets[row]], 0) == [together[row]])
    }
  }

  @Test(arguments: [(DecoderGuidance.bahdanau, 0.0), (.luongInputFeeding, 0), (.bahdanau, 0.5)])
  func learns(_ guidance: DecoderGuidance, _ feedback: Double) throws {
    let step = try TrainingStep(
      Reversal(guidance, feedback: feedback), .labels(), .adam().clipping(norm: 1), seed: 1,
      threads: 2)
    for number in 0..<250 {
      let sources = Self.sources(UInt64(100 + number), rows: 32)
      let batch = try Self.batch(sources, targets: sources.map { $0.reversed() })
      _ = try step.run(batch, learningRate: 0.02, progress: Double(number) / 250)
    }
    let model = try step.compiled()
    let sources = Self.sources(7, rows: 60)
    let answers = try SequenceDecoder(
      model.executable, target: #require(model.traced.task).text
    ).greedy(sources)
    let right = zip(answers, sources).count { $0 == $1.reversed() }
    #expect(right >= 54, "\(guidance) \(right) of 60")
  }

  @Test func feedbackChangesTrainingWithItsProgress() throws {
    let sources = Self.sources(5, rows: 8)
    let batch = try Self.batch(sources, targets: sources.map { $0.reversed() })
    let losses = try [0.0, 0.5, 1, 1].map { progress in
      try TrainingStep(
        Reversal(.luong, feedback: 1), .labels(), .sgd(), seed: 2, threads: 1
      ).run(batch, learningRate: 0.1, progress: progress).loss
    }
    #expect(losses[0] != losses[1] && losses[1] != losses[2] && losses[2] == losses[3])
    let given = try TrainingStep(
      Reversal(.luong), .labels(), .sgd(), seed: 2, threads: 1
    ).run(batch, learningRate: 0.1).loss
    #expect(abs(given - losses[0]) < 0.05 * given)
  }

  @Test func theKeysProjectionLeavesTheDecodersScan() throws {
    let (module, _) = try compile(Pronounce().traced().module)
    let main = try #require(module.function("main")).graph
    let scans = main.nodes.compactMap { node -> Scan? in
      if case .scan(let scan) = node.operation { scan } else { nil }
    }
    #expect(scans.count == 1, "the encoder is one kernel")
    let names = scans[0].body.nodes.map(\.operation.rule.mnemonic)
    #expect(names.filter { $0 == "additive_attention" }.count == 1)
    #expect(!names.contains("softmax"))
    // The query's product, and that of context and state with the gates.
    #expect(names.filter { ["matmul", "linear"].contains($0) }.count == 3)
  }
}
