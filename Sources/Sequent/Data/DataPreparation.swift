/// What of a model's configuration is found in its training data.
///
/// A model that has one takes the settings `text` (a `TextEncoding`) and, unless it is a language
/// model, `labels` (strings): the tokens and labels that the data hold; one that forecasts takes
/// `scaling` (a `SeriesScaling`), the columns with their means and deviations; one that makes texts of
/// texts takes `source` and `text`, the encodings of what it reads and of what it says.
public struct DataPreparation: Codable, Hashable, Sendable {
  /// What the model is for, and so what the data look like.
  public var kind: ModelTask.Kind
  /// What one token is, of what is said where that is another text.
  public var unit: TextEncoding.Unit
  /// What one token of what is read is, where what is said is another text.
  public var sourceUnit: TextEncoding.Unit?
  /// Whether text is lower-cased first.
  public var isLowercased: Bool
  /// Tokens that are rarer are unknown.
  public var minimumCount: Int
  /// How many tokens the vocabulary has at most.
  public var maximumSize: Int

  /// Creates a description of what is looked for.
  public init(
    _ kind: ModelTask.Kind, unit: TextEncoding.Unit, sourceUnit: TextEncoding.Unit? = nil,
    isLowercased: Bool = false, minimumCount: Int = 1, maximumSize: Int = .max
  ) {
    self.kind = kind
    self.unit = unit
    self.sourceUnit = sourceUnit
    self.isLowercased = isLowercased
    self.minimumCount = minimumCount
    self.maximumSize = maximumSize
  }

  /// The columns of series, and their means and deviations.
  public static let series = DataPreparation(.forecast, unit: .word)

  /// Reads the data that are learned from, and gives the settings as `KEY=VALUE` by key.
  ///
  /// - Throws: `FormatError` with file and line for data that can't be read.
  public func settings(for files: TrainingFiles) throws -> [String: String] {
    let part = files.trainingPart
    switch kind {
    case .languageModel:
      var vocabulary = VocabularyBuilder(unit: unit, isLowercased: isLowercased)
      try PlainTextReader(paths: files.paths, part: part).forEach { block, _ in
        vocabulary.add(block)
      }
      return ["text": try jsonText(of: encoding(vocabulary, marksEnd: unit == .word))]
    case .classify:
      let (labels, vocabulary) = try LabelledTextReader(paths: files.paths, part: part)
        .survey(unit: unit, isLowercased: isLowercased)
      return ["text": try jsonText(of: encoding(vocabulary)), "labels": try jsonText(of: labels)]
    case .tag:
      let (labels, vocabulary) = try LabelledTokensReader(paths: files.paths, part: part)
        .survey(isLowercased: isLowercased)
      return ["text": try jsonText(of: encoding(vocabulary)), "labels": try jsonText(of: labels)]
    case .sequenceToSequence:
      let (source, target) = try TextPairReader(paths: files.paths, part: part)
        .survey(sourceUnit: sourceUnit ?? unit, targetUnit: unit, isLowercased: isLowercased)
      let said = try target.encoding(
        minimumCount: minimumCount, maximumSize: maximumSize, marksBegin: true, marksEnd: true)
      return ["source": try jsonText(of: encoding(source)), "text": try jsonText(of: said)]
    case .forecast:
      let data = try ForecastData(
        SeriesReader(paths: files.paths), windows: .init(inputLength: 1, horizon: 1), part: part)
      return ["scaling": try jsonText(of: data.scaling)]
    case .embed: return [:]
    }
  }

  private func encoding(
    _ vocabulary: VocabularyBuilder, marksEnd: Bool = false
  ) throws -> TextEncoding {
    try vocabulary.encoding(
      minimumCount: minimumCount, maximumSize: maximumSize, marksEnd: marksEnd)
  }
}
