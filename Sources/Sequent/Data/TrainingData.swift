import SequentIR

/// The batches of a training run: those that are learned from, and those that tell how well.
///
/// Data of a task are read from files; any other `BatchSource` does as well.
public struct TrainingData: Sendable {
  /// What is learned from.
  public var training: any BatchSource
  /// What only measures; nil for none.
  public var validation: (any BatchSource)?
  /// How many characters of the validation text there are for every token, for a language model.
  public var charactersPerToken: Double?
  /// What is read in the validation data and what may be said to it, for a model that makes texts of
  /// texts.
  public var references: [Reference] = []
  /// What was read, in a few words.
  public var summary: String

  /// The tokens of a source, and those of the targets that are accepted for it.
  public struct Reference: Hashable, Sendable {
    /// What is read.
    public let source: [Int32]
    /// What may be said, without begin and end.
    public let accepted: [[Int32]]
  }

  /// Creates data from sources of batches.
  public init(
    training: any BatchSource, validation: (any BatchSource)? = nil,
    charactersPerToken: Double? = nil, summary: String = ""
  ) {
    self.training = training
    self.validation = validation
    self.charactersPerToken = charactersPerToken
    self.summary = summary
  }

  /// Reads and encodes the data that a model's task is about.
  ///
  /// - Throws: `TrainingError` for a model without a task, `FormatError` with file and line for data
  ///   that can't be read.
  public init(_ files: TrainingFiles, for training: TracedTraining, seed: UInt64 = 0) throws {
    guard let task = training.model.task else {
      throw TrainingError(
        message: "model '\(training.model.module.name)' has no task: its data can't be read from "
          + "files")
    }
    try self.init(files, task: task, recipe: training.recipe, seed: seed)
  }

  /// Reads and encodes the data of a task.
  ///
  /// - Parameter seed: what decides on the order of examples.
  /// - Throws: `FormatError` with file and line for data that can't be read.
  public init(
    _ files: TrainingFiles, task: ModelTask, recipe: TrainingRecipe, seed: UInt64
  ) throws {
    switch task.kind {
    case .classify:
      try self.init(files, recipe, seed, "texts") { paths, part in
        try ClassificationData(LabelledTextReader(paths: paths, part: part), task: task)
      }
    case .tag:
      try self.init(files, recipe, seed, "sequences") { paths, part in
        try TaggingData(LabelledTokensReader(paths: paths, part: part), task: task)
      }
    case .forecast:
      guard let series = task.series else {
        throw TrainingError(message: "a forecast of no series")
      }
      try self.init(files, recipe, seed, "windows") { paths, part in
        try ForecastData(
          SeriesReader(paths: paths), windows: series.windows, part: part, scaling: series.scaling)
      }
    case .sequenceToSequence:
      guard let source = task.source else {
        throw TrainingError(message: "a task that makes texts of texts, without what is read")
      }
      try self.init(files, recipe, seed, "pairs", references: { try $0.references() }) {
        paths, part in
        try TextPairData(
          TextPairReader(paths: paths, part: part), source: source, target: task.text)
      }
    case .embed:
      throw TrainingError(message: "there are no data files that embeddings are learned from")
    case .languageModel:
      let read = { (paths: [String], part: DataPart) in
        try LanguageModelData(PlainTextReader(paths: paths, part: part), text: task.text)
      }
      let learned = try read(files.paths, files.trainingPart)
      let measured = try files.validationPart.map { try read($0.paths, $0.part) }
      self.init(
        training: learned.batches(streams: recipe.batch, window: recipe.window),
        validation: measured?.batches(streams: recipe.batch, window: recipe.window),
        charactersPerToken: measured.map { Double($0.characterCount) / Double($0.tokenCount) },
        summary: "\(learned.tokenCount) tokens to learn from"
          + (measured.map { ", \($0.tokenCount) held out" } ?? ""))
    }
  }

  /// Batches of examples, which `read` makes of files and a part of them.
  private init<Source: ExampleSource>(
    _ files: TrainingFiles, _ recipe: TrainingRecipe, _ seed: UInt64, _ noun: String,
    references: (Source) throws -> [Reference] = { _ in [] },
    read: (_ paths: [String], _ part: DataPart) throws -> Source
  ) throws {
    let training = try read(files.paths, files.trainingPart)
    let validation = try files.validationPart.map { try read($0.paths, $0.part) }
    self.init(
      training: BucketedBatches(training, rows: recipe.batch, seed: seed),
      validation: validation.map { BucketedBatches($0, rows: recipe.batch, seed: nil) },
      summary: "\(training.count) \(noun) to learn from"
        + (validation.map { ", \($0.count) held out" } ?? ""))
    self.references = try validation.map(references) ?? []
  }

  /// A number that other data, or another order of them, will hardly have.
  func fingerprint() throws -> String {
    let epoch = training.epoch(0)
    guard epoch.batchCount > 0 else { return "empty" }
    var hash = UInt64(epoch.batchCount)
    for number in Set([0, epoch.batchCount / 2, epoch.batchCount - 1]).sorted() {
      for (name, tensor) in try epoch.batch(number).tensors.sorted(by: { $0.key < $1.key }) {
        hash = hash &* 31 &+ name.withUTF8Bytes(stableHash)
        for size in tensor.shape { hash = hash &* 31 &+ UInt64(size) }
        hash =
          hash &* 31
          &+ tensor.elements.withStoredBytes { stableHash($0.bindMemory(to: UInt8.self)) }
      }
    }
    return String(hash, radix: 16)
  }
}
