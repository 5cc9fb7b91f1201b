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
    let rows = lines.map(row)
    var predictions: [Prediction?] = Array(repeating: nil, count: rows.count)
    for batch in RaggedBatches(lengths: rows.map(\.tokens.count), tokensPerBatch: tokensPerBatch) {
      for (row, answer) in zip(batch, try answer(batch.map { rows[$0] }, best: best)) {
        predictions[row] = answer
      }
    }
    return predictions.compactMap { $0 }
  }

  /// A line's tokens, and the places of those that get a label.
  private struct Row {
    let tokens: [Int32]
    let places: [Int]
  }

  private func row(_ line: String) -> Row {
    guard task.kind == .tag, task.text.unit == .wordPiece else {
      let tokens = encoder.encode(line)
      return Row(tokens: tokens, places: Array(tokens.indices))
    }
    let (tokens, places) = encoder.encode(
      words: line.split(whereSeparator: \.isWhitespace).map(String.init))
    return Row(tokens: tokens, places: places)
  }

  private func answer(_ rows: [Row], best: Int) throws -> [Prediction] {
    let outputs = try run(rows.map(\.tokens).modelInputs())
    guard let logits = outputs["logits"], case .float32(let values) = logits.elements else {
      throw PredictionError(message: "the model has no f32 output 'logits'")
    }
    let classes = task.labels.count
    let time = max(rows.map(\.tokens.count).max() ?? 0, 1)
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
        : tagged(rows[row].places.map { distribution(row * time + $0) })
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
