import SequentCompiler
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

@Suite struct CharacterLanguageModelTests {
  private static func model(_ settings: [String: String] = [:]) throws -> CharacterLanguageModel {
    let small = ["hidden": "12", "embedding": "6", "text": text]
    return try CharacterLanguageModel.configured(small.merging(settings) { $1 })
  }

  /// An encoding as `--set text=…` gives it.
  private static let text = """
    {"unit": "character", "vocabulary": ["<pad>", "<unk>", "\\n", "a", "b", "é"], "unknown": 1, \
    "isLowercased": true}
    """

  @Test func takesItsEncodingFromASetting() throws {
    let task = try #require(Self.model().task)
    #expect(task.text.vocabulary == ["<pad>", "<unk>", "\n", "a", "b", "é"])
    #expect(task.text.encoder().encode("Ab\nÉ?") == [3, 4, 2, 5, 1])
    let error = try #require(throws: ConfigurationError.self) {
      try Self.model(["text": #"{"unit": "letter", "vocabulary": [], "unknown": 0}"#])
    }
    #expect(error.description.contains("setting 'text.unit' of CharacterLanguageModel can't be"))
  }

  @Test func readsPrintableTextByDefault() throws {
    let encoding = try #require(CharacterLanguageModel().task).text
    let text = "In the beginning\n{~}"
    #expect(encoding.encoder().decode(encoding.encoder().encode(text)) == text)
    #expect(encoding.encoder().encode("ü") == [1])
  }

  @Test func fusesItsLayers() throws {
    let nodes = try #require(Self.model().compiled().executable.module.function("main")).graph.nodes
    #expect(!nodes.contains { if case .scan = $0.operation { true } else { false } })
  }

  @Test func carriesItsStateFromCallToCall() throws {
    let session = try Self.model().compiled(seed: 3).session()
    let tokens: [Int32] = [3, 4, 4, 2, 5, 3, 1]
    let whole = try Self.logits(session, tokens)
    try session.reset()
    var pieces = try Self.logits(session, Array(tokens[..<3]))
    for token in tokens[3...] { pieces += try Self.logits(session, [token]) }
    #expect(pieces == whole)
  }

  private static func logits(_ session: Session, _ tokens: [Int32]) throws -> [Float] {
    let outputs = try session.run([
      "tokens": try .int32(tokens, shape: [1, tokens.count]),
      "lengths": try .int32([Int32(tokens.count)], shape: [1]),
    ])
    guard case .float32(let values)? = outputs["logits"]?.elements else { return [] }
    return values
  }

  @Test func trainsWithItsStateCarried() throws {
    let step = try TrainingStep(Self.model(), .labels(), .adamW(), seed: 1, threads: 1)
    let line: [Int32] = [3, 4, 3, 3, 5, 2]
    var losses: [Double] = []
    for _ in 0..<60 {
      let result = try step.run(
        [
          "tokens": try .int32(line, shape: [1, 6]), "lengths": try .int32([6], shape: [1]),
          "labels": try .int32(Array(line[1...]) + [3], shape: [1, 6]),
        ], learningRate: 0.02)
      losses.append(result.loss)
    }
    #expect(losses[0] > 1.5 && losses[59] < 0.5, "\(losses)")
  }
}
