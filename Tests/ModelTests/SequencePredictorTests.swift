import Foundation
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Text in, text out, by models that decode.
@Suite struct SequencePredictorTests {
  private static let task = ModelTask.sequenceToSequence(
    source: Translator.source, target: Translator.target)

  private static func predictor() throws -> SequencePredictor {
    try SequencePredictor(task, Translator.compiled().executable)
  }

  @Test func `lines are answered with words`() throws {
    let lines = ["badge", "", "BADGE", "x", "ü🎉", String(repeating: "cab", count: 30), "\0"]
    let predictor = try Self.predictor()
    var options = DecodingOptions.beam(3, best: 2)
    (options.recordsAttention, options.maximumLength) = (true, 6)
    let answers = try predictor.predict(lines, options)
    #expect(answers.map(\.count) == Array(repeating: 2, count: lines.count))
    #expect(answers[0] == answers[2], "lower case")
    #expect(answers[3] == answers[6], "both unknown")
    for (line, answers) in zip(lines, answers) {
      #expect(try predictor.predict([line], options) == [answers])
      for answer in answers {
        #expect(answer.text.split(separator: " ").allSatisfy { "abcd".contains($0) })
        let alignment = predictor.alignment(of: line, answer)
        #expect(alignment.target.joined(separator: " ") == answer.text)
        #expect(
          alignment.source.count == line.precomposedStringWithCanonicalMapping.unicodeScalars.count)
        #expect(alignment.weights == answer.hypothesis.attention)
      }
    }
    let alignment = predictor.alignment(of: "ax", answers[0][0])
    #expect(alignment.source == ["a", "<unk>"])
    #expect(alignment.json.description.hasPrefix(#"{"source":["a","<unk>"],"target":["#))
  }

  @Test func `prefixes are text`() throws {
    let predictor = try Self.predictor()
    #expect(try predictor.prefix("c a") == [6, 4])
    #expect(throws: GenerationError.self) { try predictor.prefix("a z") }
    #expect(throws: GenerationError.self) { try predictor.prefix("<unk>") }
  }

  @Test func `a model of another task is refused`() throws {
    let executable = try Translator.compiled().executable
    #expect(throws: PredictionError.self) {
      try SequencePredictor(.languageModel(text: Translator.target), executable)
    }
  }
}
