import Foundation
import Sequent
import SequentExamples
import SequentIR

/// What a command's MODEL stands for.
enum ModelArgument {
  /// A Swift file that declares a model of its own name.
  case swiftFile(String)
  /// IR text; `-` is standard input.
  case text(String)
  /// A model that comes with Sequent.
  case included(CatalogEntry)
  /// A Hugging Face checkpoint, in a folder of this name.
  case pretrained(PretrainedModel, folder: String)
  /// A compiled model, to be compiled in another way.
  case compiled(Artifact, path: String)

  /// What `--help` says of MODEL.
  static let help = Positional(
    "MODEL",
    help: "FILE.swift that declares a model of the file's name, FILE.sqir with IR text (- for "
      + "standard input), a Hugging Face checkpoint's folder, a compiled FILE.sequent, or a name that "
      + "sequent list prints")

  /// Finds out what an argument is; other files than a checkpoint's are read when the model is traced.
  init(_ argument: String) throws {
    if argument == "-" || argument.hasSuffix(".sqir") {
      self = .text(argument)
    } else if argument.hasSuffix(".swift") {
      self = .swiftFile(argument)
    } else if argument.hasSuffix(".sequent") {
      self = .compiled(try Artifact(path: argument), path: argument)
    } else if let entry = catalog.first(where: { $0.name == argument }) {
      self = .included(entry)
    } else if isFolder(argument) {
      self = .pretrained(try PretrainedModel(folder: argument), folder: argument)
    } else if FileManager.default.fileExists(atPath: argument) {
      throw CommandError(
        "\(argument): not a model: a model is a .swift file, a .sqir file, a checkpoint's folder, a "
          + ".sequent file, or a name that sequent list prints")
    } else {
      throw CommandError(
        "\(argument): no such file, and no model of this name"
          + didYouMean(argument, among: catalog.map(\.name)))
    }
  }

  /// The file or model name without folder and ending, for files that are named after it.
  var baseName: String {
    switch self {
    case .swiftFile(let path), .text(let path), .compiled(_, let path):
      path == "-" ? "model" : URL(filePath: path).deletingPathExtension().lastPathComponent
    case .included(let entry): entry.name
    case .pretrained(_, let folder): URL(filePath: folder).standardizedFileURL.lastPathComponent
    }
  }

  /// The model as data.
  func traced(settings: [String: String]) throws -> TracedModel {
    switch self {
    case .swiftFile(let path):
      return try SwiftModelFile(path: path).description(.model, settings: settings).traced()
    case .included(let entry): return try entry.traced(settings)
    case .text(let path):
      guard settings.isEmpty else {
        throw UsageError("option --set: IR text has no settings; they belong to Swift models")
      }
      return TracedModel(module: try readModule(path))
    case .pretrained(let model, _):
      guard settings.isEmpty else {
        throw UsageError("option --set: a checkpoint's settings are those of its config.json")
      }
      return model.traced
    case .compiled(let artifact, _):
      guard settings.isEmpty else {
        throw UsageError("option --set: a compiled model's settings are decided")
      }
      return try CompiledModel(artifact).traced
    }
  }

  /// The weights that come with the model, if any do.
  func weights() throws -> TensorCollection? {
    guard case .pretrained(let model, _) = self else { return nil }
    return try model.weights()
  }
}

extension ModelArgument {
  /// The model to train, and the settings that it was made with: those that the data decide, and
  /// those that are given, which come first.
  ///
  /// - Parameters:
  ///   - change: what of the preparation is to be different.
  ///   - settings: all of them, of a run that goes on; nil for a new run.
  func training(
    settings given: [String: String], files: TrainingFiles, continuing settings: [String: String]?,
    _ change: (inout DataPreparation) -> Void
  ) throws -> (training: TracedTraining, settings: [String: String]) {
    func all(_ preparation: DataPreparation?) throws -> [String: String] {
      if let settings { return settings }
      guard var preparation else { return given }
      change(&preparation)
      return try preparation.settings(for: files).merging(given) { _, given in given }
    }
    switch self {
    case .swiftFile(let path):
      let file = try SwiftModelFile(path: path)
      let settings = try all(file.description(.preparation).preparation)
      return (try file.description(.training, settings: settings).tracedTraining(), settings)
    case .included(let entry):
      let settings = try all(entry.preparation)
      return (try entry.training(settings), settings)
    case .text:
      throw CommandError("IR text has no objective: a model to train is a Swift file or has a name")
    case .pretrained(_, let folder):
      throw CommandError(
        "\(folder): a checkpoint's folder has no objective: a model to train is a Swift file or has "
          + "a name")
    case .compiled(_, let path):
      throw CommandError(
        "\(path): a compiled model has no objective: a model to train is a Swift file or has a "
          + "name")
    }
  }
}

private func isFolder(_ path: String) -> Bool {
  var isFolder: ObjCBool = false
  return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}

/// The module in a file of IR text; `-` is standard input.
func readModule(_ path: String) throws -> Module {
  let text: String
  if path == "-" {
    text = try LineReader.readAll()
  } else {
    text = try FileContents(path: path).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
  let name = path == "-" ? "standard input" : path
  let module: Module
  do throws(ParseError) {
    module = try Module(parsing: text)
  } catch {
    throw CommandError("\(name):\(error)")
  }
  do {
    try verify(module)
  } catch {
    throw CommandError("\(name): \(error)")
  }
  return module
}
