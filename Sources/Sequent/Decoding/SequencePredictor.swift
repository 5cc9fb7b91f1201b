import SequentRuntime

/// An answer to a line, as text.
public struct SequenceAnswer: Hashable, Sendable {
  /// The answer.
  public let text: String
  /// Its tokens and how probable it is.
  public let hypothesis: Hypothesis
}

/// Answers lines of text with text, by the task of a model that decodes.
///
///     let predictor = try model.sequencePredictor()
///     let answers = try predictor.predict(["sequence", "attention"], .beam(4, best: 3))
///
/// Lines are run together; an answer depends on its line and the options alone.
public final class SequencePredictor {
  private let source: TextEncoder
  private let target: TextEncoder
  private let decoder: SequenceDecoder

  /// Creates a predictor with sessions of its own.
  ///
  /// - Throws: `PredictionError` for a task of another kind, or functions that don't fit it.
  public init(_ task: ModelTask, _ executable: Executable, threads: Int? = nil) throws {
    guard task.kind == .sequenceToSequence, let source = task.source else {
      throw PredictionError(
        message: "a \(task.kind.rawValue) model does not answer a text with a text")
    }
    self.source = source.encoder()
    target = task.text.encoder()
    decoder = try SequenceDecoder(
      executable, target: task.text, context: task.context, threads: threads)
  }

  /// Whether the model shows what its answers attend to.
  public var showsAttention: Bool { decoder.showsAttention }

  /// The answers to every line, the best first.
  public func predict(
    _ lines: [String], _ options: DecodingOptions = DecodingOptions()
  ) throws -> [[SequenceAnswer]] {
    try decoder.decode(lines.map(source.encode), options).map { answers in
      answers.map { SequenceAnswer(text: target.decode($0.tokens), hypothesis: $0) }
    }
  }

  /// The tokens that an answer is to begin with.
  ///
  /// - Throws: `GenerationError` for a text that no answer begins with.
  public func prefix(_ text: String) throws -> [Int32] {
    let tokens = target.encode(text)
    guard !tokens.contains(where: { Int($0) == target.encoding.unknown }) else {
      throw GenerationError(message: "no answer begins with '\(text)'")
    }
    return tokens
  }

  /// What an answer attends to in its line, where that was asked for.
  public func alignment(of line: String, _ answer: SequenceAnswer) -> Alignment {
    Alignment(
      source: source.encode(line).map { source.encoding.vocabulary[Int($0)] },
      target: answer.hypothesis.tokens.map { target.encoding.vocabulary[Int($0)] },
      weights: answer.hypothesis.attention)
  }
}
