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

  /// What `--help` says of MODEL.
  static let help = Positional(
    "MODEL",
    help: "FILE.swift that declares a model of the file's name, FILE.sqir with IR text (- for "
      + "standard input), or a name that sequent list prints")

  /// Finds out what an argument is; files are read when the model is traced.
  init(_ argument: String) throws {
    if argument == "-" || argument.hasSuffix(".sqir") {
      self = .text(argument)
    } else if argument.hasSuffix(".swift") {
      self = .swiftFile(argument)
    } else if let entry = catalog.first(where: { $0.name == argument }) {
      self = .included(entry)
    } else if FileManager.default.fileExists(atPath: argument) {
      throw CommandError(
        "\(argument): not a model: a model is a .swift file, a .sqir file, or a name that sequent "
          + "list prints")
    } else {
      throw CommandError(
        "\(argument): no such file, and no model of this name"
          + didYouMean(argument, among: catalog.map(\.name)))
    }
  }

  /// The file or model name without folder and ending, for files that are named after it.
  var baseName: String {
    switch self {
    case .swiftFile(let path), .text(let path):
      path == "-" ? "model" : URL(filePath: path).deletingPathExtension().lastPathComponent
    case .included(let entry): entry.name
    }
  }

  /// The model as data.
  func traced(settings: [String: String]) throws -> TracedModel {
    switch self {
    case .swiftFile(let path): return try SwiftModelFile(path: path).traced(settings: settings)
    case .included(let entry): return try entry.traced(settings)
    case .text(let path):
      guard settings.isEmpty else {
        throw UsageError("option --set: IR text has no settings; they belong to Swift models")
      }
      return TracedModel(module: try readModule(path))
    }
  }
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
