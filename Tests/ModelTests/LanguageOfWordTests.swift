import Foundation
import SequentCompiler
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// The model trained in PyTorch against PyTorch's logits for 1,000 held-out words.
@Suite struct LanguageOfWordTests {
  private struct Word {
    let text: String
    let language: String
    let logits: [Float]
  }

  private static func fixture(_ name: String) throws -> String {
    let folder = try #require(Bundle.module.resourcePath)
    return "\(folder)/Fixtures/\(name)"
  }

  private static func words() throws -> [Word] {
    let text = try String(contentsOfFile: fixture("language-of-word.tsv"), encoding: .utf8)
    return text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t").map(String.init)
      return Word(
        text: fields[0], language: fields[1], logits: fields.dropFirst(2).compactMap(Float.init))
    }
  }

  private static func model(_ options: CompilerOptions = CompilerOptions()) throws -> CompiledModel
  {
    try LanguageOfWord().compiled(
      weights: fixture("language-of-word.safetensors"), options: options)
  }

  /// The logits of words run as one ragged batch.
  private static func logits(_ words: [Word], _ session: Session) throws -> [[Float]] {
    let encoder = try #require(LanguageOfWord().task).text.encoder()
    let tokens = words.map { encoder.encode($0.text) }
    let time = try #require(tokens.map(\.count).max())
    let padded = tokens.flatMap { $0 + Array(repeating: 0, count: time - $0.count) }
    let outputs = try session.run([
      "tokens": try .int32(padded, shape: [words.count, time]),
      "lengths": try .int32(tokens.map { Int32($0.count) }, shape: [words.count]),
    ])
    guard case .float32(let values)? = outputs["logits"]?.elements else { return [] }
    return words.indices.map { Array(values[$0 * 8..<($0 + 1) * 8]) }
  }

  private static func largestDifference(_ logits: [[Float]], _ words: [Word]) -> Float {
    zip(logits, words).map { row, word in
      zip(row, word.logits).map { abs($0 - $1) }.max() ?? .infinity
    }.max() ?? .infinity
  }

  @Test func givesPyTorchsLogits() throws {
    let words = try Self.words()
    #expect(words.count == 1000)
    let session = try Self.model().session()
    let batch = try Self.logits(words, session)
    #expect(Self.largestDifference(batch, words) < 1e-4)
    let alone = try words.map { try Self.logits([$0], session)[0] }
    #expect(alone == batch, "a word alone has the bits that it has in a batch")
    let backwards = try Self.logits(words.reversed(), session)
    #expect(backwards == batch.reversed(), "the order of a batch does not matter")
  }

  @Test func givesPyTorchsLogitsUnfused() throws {
    let words = try Self.words()
    let options = CompilerOptions(pipeline: [])
    let session = try Self.model(options).session()
    #expect(try Self.largestDifference(Self.logits(words, session), words) < 1e-4)
  }

  @Test func fusesTheWholeEncoder() throws {
    let model = try Self.model()
    let nodes = try #require(model.executable.module.function("main")).graph.nodes
    let layers = nodes.compactMap { node -> FusedRecurrentSequence? in
      if case .recurrentSequence(let layer) = node.operation { layer } else { nil }
    }
    #expect(layers.map(\.isReversed) == [[false, true], [false, true]])
    #expect(!nodes.contains { if case .scan = $0.operation { true } else { false } })
  }

  @Test func answersWords() throws {
    let predictor = try Self.model().predictor()
    let answers = try predictor.predict(["zwischen", "through", "quelque", ""], best: 2)
    #expect(answers.prefix(3).map { $0.choices[0].text } == ["de", "en", "es"])
    #expect(answers.allSatisfy { $0.choices.count == 2 })
    let words = try Self.words()
    let predicted = try predictor.predict(words.map(\.text))
    let right = zip(predicted, words).count { $0.choices[0].text == $1.language }
    #expect(right > 870)
  }
}
