import Foundation
import SequentIR

/// The files of a training run.
///
/// | file | holds |
/// |---|---|
/// | the model's path | the artifact of the best model so far |
/// | `last.safetensors` | all that going on needs: parameters, optimizer, states, progress |
/// | `metrics.jsonl` | a line for every epoch |
/// | `loss.svg` | the curves of the losses |
///
/// Every file is written beside and renamed: a full disk or a crash leaves the one before.
public struct TrainingFolder: Sendable {
  /// Where the model goes.
  public let model: String
  /// Where the other files go.
  public let folder: String

  /// The files of a run whose model goes to a path: the others go to a folder beside it, called as
  /// the model with `.training` in place of its ending.
  public init(model: String, folder: String? = nil) {
    self.model = model
    let url = URL(filePath: model)
    self.folder = folder ?? url.deletingPathExtension().path + ".training"
  }

  /// Where the checkpoint is.
  public var checkpoint: String { path("last.safetensors") }

  /// A file of the folder.
  public func path(_ name: String) -> String { folder + "/" + name }

  /// Makes the folder.
  func create() throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FormatError(file: folder, reason: "the folder can't be made: \(error)")
    }
  }

  private static let progressKey = "sequent.training"
  private static let stepKey = "sequent.training.step"

  /// Writes a checkpoint.
  func save(_ state: TrainingState, _ progress: TrainingProgress) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .words
    let text = String(decoding: try encoder.encode(progress), as: UTF8.self)
    try SafetensorsFile.write(
      TensorCollection(state.tensors, name: checkpoint),
      metadata: [Self.progressKey: text, Self.stepKey: "\(state.count)"], to: checkpoint)
  }

  /// Reads the checkpoint.
  func load() throws -> (state: TrainingState, progress: TrainingProgress) {
    let file = try SafetensorsFile(path: checkpoint)
    let progress = try progress(in: file)
    guard let count = file.metadata[Self.stepKey].flatMap(Int.init), count >= 0 else {
      throw Self.notACheckpoint(file, without: Self.stepKey)
    }
    var tensors: [String: TensorData] = [:]
    for name in file.tensorNames { tensors[name] = try file.tensor(named: name) }
    return (TrainingState(count: count, tensors: tensors), progress)
  }

  /// Reads where the checkpoint's run is, and none of its tensors.
  func progress() throws -> TrainingProgress {
    try progress(in: SafetensorsFile(path: checkpoint))
  }

  private func progress(in file: SafetensorsFile) throws -> TrainingProgress {
    guard let text = file.metadata[Self.progressKey] else {
      throw Self.notACheckpoint(file, without: Self.progressKey)
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .words
    do {
      return try decoder.decode(TrainingProgress.self, from: Data(text.utf8))
    } catch {
      throw FormatError(
        file: checkpoint, subject: Self.progressKey, reason: "can't be read: \(error)")
    }
  }

  private static func notACheckpoint(_ file: SafetensorsFile, without key: String) -> FormatError {
    FormatError(file: file.name, reason: "its metadata have no \(key): not a checkpoint")
  }

  /// Writes the metrics of all epochs, and the curves.
  func write(_ history: [EpochRecord], title: String) throws {
    let lines = history.map { $0.json.description + "\n" }
    try replaceFile(at: path("metrics.jsonl"), with: lines.joined())
    try replaceFile(at: path("loss.svg"), with: history.lossCurve(title: title).svg())
  }
}

extension [EpochRecord] {
  /// The losses over the epochs.
  func lossCurve(title: String) -> LinePlot {
    let curve = { (name: String, metrics: KeyPath<EpochRecord, [Metric]>) in
      LinePlot.Series(
        name,
        points: compactMap { record in
          record[keyPath: metrics].first { $0.name == "loss" }.map {
            (Double(record.epoch), $0.value)
          }
        })
    }
    let curves = [curve("training", \.training), curve("validation", \.validation)]
    return LinePlot(
      title: title, xLabel: "epoch", yLabel: "loss", series: curves.filter { !$0.points.isEmpty })
  }
}
