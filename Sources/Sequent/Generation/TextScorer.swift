import Foundation
import SequentRuntime

/// How probable a language model holds a text; means over nothing are NaN.
public struct TextScore: Hashable, Sendable {
  /// The tokens that were predicted.
  public let tokens: [Int32]
  /// The logarithm of each one's probability after those before it, in nats.
  public let logProbabilities: [Double]
  /// How many characters (Unicode scalars) they are.
  public let characters: Int

  /// The logarithm of the text's probability, in nats.
  public var logLikelihood: Double { logProbabilities.reduce(0, +) }

  /// The mean negative log likelihood of a token, in nats.
  public var lossPerToken: Double { tokens.isEmpty ? .nan : -logLikelihood / Double(tokens.count) }

  /// Among how many equally likely tokens the model would be as unsure: exp of the loss.
  public var perplexity: Double { Foundation.exp(lossPerToken) }

  /// How many bits a character takes: comparable between models whose tokens differ.
  public var bitsPerCharacter: Double {
    characters == 0 ? .nan : -logLikelihood / Foundation.log(2) / Double(characters)
  }
}

/// Finds out how probable a language model holds texts.
///
/// A text follows the encoding's begin token or, where there is none, a line's end; without either
/// its first token is taken as given. The end token is predicted too, if the encoding has one.
public final class TextScorer {
  private let reader: LanguageModelReader
  /// How many tokens the model sees.
  private let context: Int?

  /// The encoding's tables.
  public var encoder: TextEncoder { reader.encoder }

  /// Creates a scorer that runs in a session of its own.
  ///
  /// - Throws: `PredictionError` for a model that is no language model.
  public init(_ task: ModelTask, session: Session) throws {
    reader = try LanguageModelReader(task, session)
    context = task.context
  }

  /// A score for every text, in order.
  ///
  /// - Throws: `ContextError` for a text that is too long, `GenerationError` for logits that are no
  ///   numbers.
  public func score(_ texts: [String]) throws -> [TextScore] {
    let sequences = texts.map(sequence)
    // The last token of a text is predicted, but not read.
    try ContextError.check(sequences.map { $0.count - 1 }, context: context)
    var logProbabilities = sequences.map { Array(repeating: 0.0, count: max($0.count - 1, 0)) }
    var start = 0
    while start < sequences.count {
      var end = start + 1
      var longest = sequences[start].count
      while end < sequences.count,
        reader.rows(ofLength: max(longest, sequences[end].count)) > end - start
      {
        longest = max(longest, sequences[end].count)
        end += 1
      }
      try reader.start(rows: end - start)
      try reader.read(sequences[start..<end].map { $0.dropLast() }) { row, place, logits in
        let token = sequences[start + row][place + 1]
        logProbabilities[start + row][place] =
          try LogProbabilities(logits)(logits[Int(token)])
      }
      start = end
    }
    return texts.indices.map { index in
      let predicted = Array(sequences[index].dropFirst())
      let given = encoder.start == nil ? encoder.decode(sequences[index].prefix(1)) : ""
      let characters = texts[index].unicodeScalars.count - given.unicodeScalars.count
      return TextScore(
        tokens: predicted, logProbabilities: logProbabilities[index],
        characters: max(characters, 0))
    }
  }

  /// What stands before the text, its tokens, and what stands behind it.
  private func sequence(_ text: String) -> [Int32] {
    let begin = encoder.start.map { [$0] } ?? []
    return begin + encoder.encode(text) + (encoder.encoding.end.map { [Int32(clamping: $0)] } ?? [])
  }
}
