import SequentIR

/// A named number that says how good a model is.
public struct Metric: Codable, Hashable, Sendable {
  /// `loss`, `accuracy`, `f1.LABEL`, `perplexity`, ….
  public let name: String
  /// The number.
  public let value: Double

  /// Creates a metric.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// What of a model's answers is compared with, gathered batch by batch.
public struct Evaluation: Codable, Sendable {
  private let task: ModelTask?
  private let charactersPerToken: Double?
  private var loss = Mean()
  private var labels: ConfusionMatrix
  /// By the columns that are forecast.
  private var forecasts: [ForecastError]
  /// What was said to texts that were read.
  private var answers = SequenceErrorRate()

  /// Starts without any batch.
  ///
  /// - Parameters:
  ///   - task: what the model is for; the loss alone is measured without one.
  ///   - charactersPerToken: of a language model's text.
  public init(task: ModelTask?, charactersPerToken: Double? = nil) {
    self.task = task
    self.charactersPerToken = charactersPerToken
    labels = ConfusionMatrix(labelCount: Self.countsLabels(task) ? task?.labels.count ?? 0 : 0)
    forecasts = task?.series == nil ? [] : task?.labels.map { _ in ForecastError() } ?? []
  }

  private static func countsLabels(_ task: ModelTask?) -> Bool {
    switch task?.kind {
    case .classify, .tag: true
    case .languageModel, .forecast, .sequenceToSequence, .embed, nil: false
    }
  }

  /// The outputs of the model that are looked at, beside the loss.
  static func outputs(for task: ModelTask?) -> Set<String> {
    countsLabels(task) ? ["logits"] : task?.kind == .forecast ? ["forecast"] : []
  }

  /// The metric that tells the best model from others, and whether more of it is better.
  static func main(of task: ModelTask?, isMeasured: Bool) -> (name: String, isLargerBetter: Bool) {
    switch task?.kind {
    // Without texts that are held out nothing is said in answer to them.
    case .sequenceToSequence where isMeasured: ("token_error_rate", false)
    case .classify: ("accuracy", true)
    case .tag: ("f1", true)
    case .languageModel, .forecast, .sequenceToSequence, .embed, nil: ("loss", false)
    }
  }

  /// Adds a batch and what the model makes of it.
  ///
  /// - Parameter value: the loss, where it is known.
  public mutating func add(
    _ batch: Batch, loss value: Double? = nil, outputs: [String: TensorData]
  ) {
    if let value { loss.add(value, weight: Double(weight(of: batch))) }
    if labels.labelCount > 0, case .float32(let logits)? = outputs["logits"]?.elements,
      case .int32(let expected)? = batch.tensors["labels"]?.elements
    {
      labels.add(expected: expected, logits: logits)
    }
    if let scaling = task?.series?.scaling,
      case .float32(let values)? = outputs["forecast"]?.elements,
      case .float32(let targets)? = batch.tensors["targets"]?.elements
    {
      add(forecast: values, targets: targets, scaling)
    }
  }

  /// Adds what was said to a text, and what may be said to it.
  mutating func add(answer: [Int32], accepted: [[Int32]]) {
    answers.add(answer: answer, accepted: accepted)
  }

  /// Compares in the units of the columns.
  private mutating func add(forecast: [Float], targets: [Float], _ scaling: SeriesScaling) {
    let columns = task?.labels.map { scaling.columns.firstIndex(of: $0) ?? 0 } ?? []
    for (place, (value, target)) in zip(forecast, targets).enumerated() {
      let label = place % columns.count
      forecasts[label].add(
        forecast: Double(scaling.unscaled(value, column: columns[label])),
        actual: Double(scaling.unscaled(target, column: columns[label])))
    }
  }

  /// How many terms the loss of a batch is the mean of.
  private func weight(of batch: Batch) -> Int {
    switch task?.kind {
    case .languageModel: batch.tokenCount
    case .tag, .sequenceToSequence: batch.labelCount
    case .classify, .forecast, .embed, nil: batch.examples.count
    }
  }

  /// The mean loss of what was added.
  public var meanLoss: Double { loss.value }

  /// What came out.
  public var metrics: [Metric] {
    guard let task else { return [Metric("loss", loss.value)] }
    switch task.kind {
    case .classify, .tag:
      return [
        Metric("loss", loss.value), Metric("accuracy", labels.accuracy),
        Metric("f1", labels.macro.f1),
      ] + task.labels.enumerated().map { Metric("f1.\($1)", labels.score(of: $0).f1) }
    case .sequenceToSequence:
      guard answers.count > 0 else { return [Metric("loss", loss.value)] }
      return [
        Metric("loss", loss.value), Metric("token_error_rate", answers.tokenErrorRate),
        Metric("sequence_error_rate", answers.sequenceErrorRate),
      ]
    case .forecast:
      return [Metric("loss", loss.value)]
        + zip(task.labels, forecasts).flatMap { label, error in
          [
            Metric("mean_absolute_error.\(label)", error.meanAbsolute),
            Metric("root_mean_square_error.\(label)", error.rootMeanSquare),
          ]
        }
    case .embed: return [Metric("loss", loss.value)]
    case .languageModel:
      var score = LanguageModelScore()
      score.add(loss: loss.value, tokens: Int(loss.weight))
      var metrics = [Metric("loss", loss.value), Metric("perplexity", score.perplexity)]
      if let charactersPerToken {
        let characters = (loss.weight * charactersPerToken).rounded()
        metrics.append(
          Metric(
            "bits_per_character", score.bitsPerCharacter(characters: Int(max(characters, 1)))))
      }
      return metrics
    }
  }
}

extension Batch {
  /// How many places have a label.
  fileprivate var labelCount: Int {
    guard case .int32(let labels)? = tensors["labels"]?.elements else { return examples.count }
    return labels.count { $0 != Self.ignoredLabel }
  }
}
