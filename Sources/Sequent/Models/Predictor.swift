import Foundation
import SequentIR

/// One answer to a line of text: the best, and those after it.
public struct Prediction: Hashable, Sendable {
  /// An answer and how sure the model is of it.
  public struct Choice: Hashable, Sendable {
    /// A label; labels separated by spaces for `tag`.
    public let text: String
    /// Its probability, 0 to 1; for `tag` the geometric mean over the tokens.
    public let score: Double
  }

  /// The answers, the best first.
  public let choices: [Choice]
}

/// Answers lines of text by a model's task.
///
/// Lines are run in ragged batches; an answer does not depend on the lines beside it.
public struct Predictor {
  /// What runs the model: inputs by name to outputs by name.
  public typealias Run = ([String: TensorData]) throws -> [String: TensorData]

  private let task: ModelTask
  private let encoder: TextEncoder
  private let run: Run
  /// How many tokens a batch holds, padding included: what keeps its activations in the cache.
  private let tokensPerBatch = 4096

  /// Creates a predictor.
  ///
  /// - Throws: `PredictionError` for a task whose answers are no labels.
  public init(task: ModelTask, run: @escaping Run) throws {
    guard [.classify, .tag].contains(task.kind) else {
      throw PredictionError(
        message: "a \(task.kind.rawValue) model does not answer with labels")
    }
    self.task = task
    self.run = run
    encoder = task.text.encoder()
  }

  /// An answer for every line, in order.
  ///
  /// - Parameter best: how many answers a line gets, the best first; `tag` gives one.
  public func predict(_ lines: [String], best: Int = 1) throws -> [Prediction] {
    let tokens = lines.map(encoder.encode)
    var predictions: [Prediction] = []
    var start = 0
    while start < tokens.count {
      var longest = max(tokens[start].count, 1)
      var end = start + 1
      while end < tokens.count,
        max(longest, tokens[end].count) * (end + 1 - start) <= tokensPerBatch
      {
        longest = max(longest, tokens[end].count)
        end += 1
      }
      predictions += try answer(Array(tokens[start..<end]), time: longest, best: best)
      start = end
    }
    return predictions
  }

  private func answer(
    _ rows: [[Int32]], time: Int, best: Int
  ) throws -> [Prediction] {
    let padded = rows.flatMap { $0 + Array(repeating: 0, count: time - $0.count) }
    let outputs = try run([
      "tokens": try .int32(padded, shape: [rows.count, time]),
      "lengths": try .int32(rows.map { Int32($0.count) }, shape: [rows.count]),
    ])
    guard let logits = outputs["logits"], case .float32(let values) = logits.elements else {
      throw PredictionError(message: "the model has no f32 output 'logits'")
    }
    let classes = task.labels.count
    let wanted = task.kind == .classify ? [rows.count, classes] : [rows.count, time, classes]
    guard logits.shape == wanted else {
      throw PredictionError(
        message: "output 'logits' has shape \(logits.shape), but the task has \(classes) labels: "
          + "expected \(wanted)")
    }
    let distribution = { (position: Int) in
      Self.softmax(values[position * classes..<(position + 1) * classes])
    }
    return rows.indices.map { row in
      task.kind == .classify
        ? ranked(distribution(row), best)
        : tagged(rows[row].indices.map { distribution(row * time + $0) })
    }
  }

  private func ranked(_ probabilities: [Double], _ count: Int) -> Prediction {
    let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
    return Prediction(
      choices: order.prefix(max(count, 1)).map {
        .init(text: task.labels[$0], score: probabilities[$0])
      })
  }

  private func tagged(_ tokens: [[Double]]) -> Prediction {
    let best = tokens.map { token in token.indices.max { token[$0] < token[$1] } ?? 0 }
    let logarithm = zip(tokens, best).reduce(0) { $0 + Foundation.log($1.0[$1.1]) }
    return Prediction(choices: [
      .init(
        text: best.map { task.labels[$0] }.joined(separator: " "),
        score: tokens.isEmpty ? 0 : Foundation.exp(logarithm / Double(tokens.count)))
    ])
  }

  private static func softmax(_ logits: ArraySlice<Float>) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let weights = logits.map { Foundation.exp(Double($0) - largest) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}

/// A model that does not give what its task needs.
public struct PredictionError: Error, CustomStringConvertible {
  /// What is wrong.
  public let message: String

  /// The message.
  public var description: String { message }
}
