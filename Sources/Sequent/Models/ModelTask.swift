import Foundation

/// What a model is for: it gives `predict` its meaning, and lies in the artifact beside the weights.
public struct ModelTask: Codable, Hashable, Sendable {
  /// The kinds of tasks.
  public enum Kind: String, Codable, Hashable, Sendable {
    /// One label for a text.
    case classify
    /// One label for every token of a text.
    case tag
    /// The next token of a text.
    case languageModel
    /// The next rows of a numeric series.
    case forecast
    /// Another text for a text.
    case sequenceToSequence
    /// A vector for a text.
    case embed
  }

  /// The kind.
  public let kind: Kind
  /// How text becomes the model's tokens; without any token for a forecast; how what is said becomes
  /// text for `sequenceToSequence`.
  public let text: TextEncoding
  /// How what is read becomes tokens, for `sequenceToSequence`; nil for other kinds.
  public let source: TextEncoding?
  /// What the classes are called, in the order of the logits; the tokens for a language model, the
  /// columns that are forecast.
  public let labels: [String]
  /// What a forecast is made from; nil for other kinds.
  public let series: Series?

  /// How many tokens of a text the model sees, where its positions are a table; nil for any number.
  public let context: Int?

  /// Rows of a numeric series, and those that follow them.
  public struct Series: Codable, Hashable, Sendable {
    /// The columns, and how their values are brought to those that the model sees.
    public let scaling: SeriesScaling
    /// How many rows the model sees, how many it forecasts, and of which columns.
    public let windows: ForecastData.Windows
  }

  /// One of `labels` for a text: the function `main` takes `tokens` i32 `[batch, time]` and `lengths`
  /// i32 `[batch]` and gives `logits` `[batch, labels]`.
  public static func classify(labels: [String], text: TextEncoding) -> ModelTask {
    ModelTask(kind: .classify, text: text, labels: labels)
  }

  /// One of `labels` for every token: as `classify`, with logits `[batch, time, labels]`.
  public static func tag(labels: [String], text: TextEncoding) -> ModelTask {
    ModelTask(kind: .tag, text: text, labels: labels)
  }

  /// The next token: as `tag`, the labels being the tokens themselves.
  ///
  /// - Parameter context: how many tokens the model sees; any number by default.
  public static func languageModel(text: TextEncoding, context: Int? = nil) -> ModelTask {
    ModelTask(kind: .languageModel, text: text, labels: text.vocabulary, context: context)
  }

  /// The rows that follow: the function `main` takes `values` f32 `[batch, time, columns]` and gives
  /// `forecast` f32 `[batch, horizon, targets]`, both scaled.
  public static func forecast(
    _ windows: ForecastData.Windows, scaling: SeriesScaling
  ) -> ModelTask {
    ModelTask(
      kind: .forecast, text: TextEncoding(unit: .word, vocabulary: [], unknown: 0),
      labels: windows.targets.isEmpty ? scaling.columns : windows.targets,
      series: Series(scaling: scaling, windows: windows))
  }

  /// Another text for a text, whose encoding has a begin and an end: the function `main` takes `source`
  /// and `target` i32 `[batch, …]` with their lengths, and gives `logits` `[batch, target_time,
  /// vocabulary]`; `encode` and `step` decode.
  ///
  /// - Parameter context: how many tokens of a source the model sees, and says; any number by default.
  public static func sequenceToSequence(
    source: TextEncoding, target: TextEncoding, context: Int? = nil
  ) -> ModelTask {
    ModelTask(
      kind: .sequenceToSequence, text: target, source: source, labels: [], context: context)
  }

  /// A vector for a text: the function `main` takes `tokens` i32 `[batch, time]` and `lengths` i32
  /// `[batch]` and gives `embedding` f32 `[batch, width]`.
  public static func embed(text: TextEncoding) -> ModelTask {
    ModelTask(kind: .embed, text: text, labels: [])
  }

  /// The task as JSON text with sorted keys.
  public func json() throws -> String {
    try jsonText(of: self)
  }

  /// The task out of JSON text.
  public init(json: String) throws {
    self = try JSONDecoder().decode(ModelTask.self, from: Data(json.utf8))
  }

  init(
    kind: Kind, text: TextEncoding, source: TextEncoding? = nil, labels: [String],
    series: Series? = nil, context: Int? = nil
  ) {
    self.kind = kind
    self.text = text
    self.source = source
    self.labels = labels
    self.series = series
    self.context = context
  }
}
