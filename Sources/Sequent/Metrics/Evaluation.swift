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

  /// Starts without any batch.
  ///
  /// - Parameters:
  ///   - task: what the model is for; the loss alone is measured without one.
  ///   - charactersPerToken: of a language model's text.
  public init(task: ModelTask?, charactersPerToken: Double? = nil) {
    self.task = task
    self.charactersPerToken = charactersPerToken
    labels = ConfusionMatrix(labelCount: Self.countsLabels(task) ? task?.labels.count ?? 0 : 0)
  }

  private static func countsLabels(_ task: ModelTask?) -> Bool {
    switch task?.kind {
    case .classify, .tag: true
    case .languageModel, nil: false
    }
  }

  /// The outputs of the model that are looked at, beside the loss.
  static func outputs(for task: ModelTask?) -> Set<String> {
    countsLabels(task) ? ["logits"] : []
  }

  /// The metric that tells the best model from others, and whether more of it is better.
  static func main(of task: ModelTask?) -> (name: String, isLargerBetter: Bool) {
    switch task?.kind {
    case .classify: ("accuracy", true)
    case .tag: ("f1", true)
    case .languageModel, nil: ("loss", false)
    }
  }

  /// Adds a batch and what the model makes of it.
  public mutating func add(_ batch: Batch, loss value: Double, outputs: [String: TensorData]) {
    loss.add(value, weight: Double(weight(of: batch)))
    if labels.labelCount > 0, case .float32(let logits)? = outputs["logits"]?.elements,
      case .int32(let expected)? = batch.tensors["labels"]?.elements
    {
      labels.add(expected: expected, logits: logits)
    }
  }

  /// How many terms the loss of a batch is the mean of.
  private func weight(of batch: Batch) -> Int {
    switch task?.kind {
    case .tag, .languageModel: batch.tokenCount
    case .classify, nil: batch.examples.count
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
