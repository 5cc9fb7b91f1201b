import SequentIR

/// A compiled model as a file: a safetensors file with the parameters as tensors, and the program
/// and what it is for as text in the metadata.
///
/// Any safetensors reader opens it. The keys are `sequent.format`, `sequent.ir`, `sequent.task`;
/// all others are `entries`.
public struct Artifact: Sendable {
  /// The version of the format that this Sequent writes, and the one that it reads.
  public static let format = "1"

  /// The module, as IR text.
  public let ir: String

  /// What the model is for (its task, labels, vocabulary), as JSON text.
  public let task: String

  /// Further text, by key.
  public let entries: [String: String]

  /// The parameters; those of a file stay in the file until they are asked for.
  public let parameters: any TensorSource

  /// An artifact made of its parts.
  public init(
    ir: String, task: String, entries: [String: String] = [:], parameters: some TensorSource
  ) {
    self.ir = ir
    self.task = task
    self.entries = entries
    self.parameters = parameters
  }

  /// The artifact in the file at a path, which is mapped.
  public init(path: String) throws {
    try self.init(FileContents(path: path))
  }

  /// The artifact in a file whose contents are mapped or in memory.
  public init(_ contents: FileContents) throws {
    let file = try SafetensorsFile(contents)
    var entries = file.metadata
    guard let format = entries.removeValue(forKey: Key.format) else {
      throw FormatError(
        file: file.name,
        reason: "a safetensors file, but not a Sequent artifact: its metadata have no "
          + Key.format)
    }
    guard format == Self.format else {
      throw FormatError(
        file: file.name,
        reason: "written in artifact format \(format), and this version of Sequent reads format "
          + "\(Self.format); compile the model again")
    }
    guard let ir = entries.removeValue(forKey: Key.ir) else {
      throw FormatError(file: file.name, reason: "its metadata have no \(Key.ir)")
    }
    guard let task = entries.removeValue(forKey: Key.task) else {
      throw FormatError(file: file.name, reason: "its metadata have no \(Key.task)")
    }
    self.init(ir: ir, task: task, entries: entries, parameters: file)
  }

  /// Writes the artifact to a file, in the path's place when it is complete.
  public func write(to path: String) throws {
    var metadata = entries
    for (key, value) in [Key.format: Self.format, Key.ir: ir, Key.task: task] {
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw FormatError(file: path, reason: "an entry can't be called \(key)")
      }
    }
    try SafetensorsFile.write(parameters, metadata: metadata, to: path)
  }

  private enum Key {
    static let format = "sequent.format"
    static let ir = "sequent.ir"
    static let task = "sequent.task"
  }
}
