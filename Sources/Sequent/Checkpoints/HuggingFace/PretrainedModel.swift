import Foundation
import SequentIR

/// A checkpoint's folder as Hugging Face's `transformers` and `sentence-transformers` write it:
/// `config.json`, weights in safetensors files, and a tokenizer's files.
///
///     let pretrained = try PretrainedModel(folder: "all-MiniLM-L6-v2")
///     let model = try CompiledModel(pretrained.traced, weights: pretrained.weights())
public struct PretrainedModel: Sendable {
  /// The model as data.
  public let traced: TracedModel
  private let folder: String
  private let names: PretrainedNames

  /// Reads the configuration and the tokenizer in a folder.
  ///
  /// - Throws: `FormatError` with the file, and what in it is wrong or not supported.
  public init(folder: String) throws {
    let files = PretrainedFolder(path: folder)
    let configuration = try files.required("config.json")
    self.folder = folder
    switch try configuration.required("model_type").string() {
    case "bert":
      names = .bert
      traced = try BERT(BERT.Configuration(configuration, in: files)).traced()
    case "gpt2":
      names = .gpt2
      traced = try GPT(GPT.Configuration(configuration, in: files)).traced()
    default: throw try configuration.required("model_type").unsupported("bert or gpt2")
    }
  }

  /// The weights, under the names of the model's parameters.
  ///
  /// - Throws: `CheckpointError` that names all that is missing, left over, or of another shape.
  public func weights() throws -> TensorCollection {
    let source = try PretrainedFolder(path: folder).tensors()
    let parameters = traced.module.parameters.compactMap(ParameterSpecification.init)
    return TensorCollection(
      try importCheckpoint(source, for: parameters, of: names.library(for: source)), name: folder)
  }
}

/// The files in a checkpoint's folder.
struct PretrainedFolder {
  let path: String

  /// A JSON file; nil when it is not there.
  func value(_ name: String) throws -> FileValue? {
    has(name) ? try FileValue(FileContents(path: "\(path)/\(name)")) : nil
  }

  /// A JSON file that has to be there.
  func required(_ name: String) throws -> FileValue {
    try FileValue(FileContents(path: "\(path)/\(name)"))
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  /// The weights: one file, or several with an index.
  func tensors() throws -> any TensorSource {
    if has("model.safetensors") { return try SafetensorsFile(path: "\(path)/model.safetensors") }
    let index = "model.safetensors.index.json"
    if has(index) { return try ShardedTensors(index: FileContents(path: "\(path)/\(index)")) }
    let pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json"]
    guard let pickle = pickles.first(where: has) else {
      throw FormatError(file: "\(path)/model.safetensors", reason: "not there")
    }
    throw FormatError(
      file: "\(path)/\(pickle)",
      reason: "a pickle, which is a program; save the model with safe_serialization=True, as "
        + "model.safetensors")
  }
}

extension FeedForward.Activation {
  /// A function by Hugging Face's name.
  init(_ value: FileValue) throws {
    switch try value.string() {
    case "gelu": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "relu": self = .relu
    case "silu", "swish": self = .silu
    default: throw value.unsupported("gelu, gelu_new, relu or silu")
    }
  }
}

extension TextEncoding {
  /// The encoding in a folder for a model with so many tokens, of which the last may have no text.
  static func pretrained(
    in folder: PretrainedFolder, vocabulary size: FileValue
  ) throws -> TextEncoding? {
    guard var encoding = try pretrained(in: folder.path) else { return nil }
    let missing = try size.count() - encoding.vocabulary.count
    guard missing >= 0 else {
      throw size.problem("\(size.json), but the tokenizer has \(encoding.vocabulary.count) tokens")
    }
    encoding.vocabulary += Array(repeating: "", count: missing)
    return encoding
  }
}
