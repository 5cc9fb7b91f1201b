import Sequent
import SequentIR

/// Where a function's outputs go, in the form that the file's ending says.
enum OutputFile {
  /// One output, as an array file.
  case npy(String)
  /// All outputs, by name.
  case npz(String)
  case safetensors(String)
  /// All outputs as a JSON object; nil is standard output.
  case text(String?)

  /// Finds out the form of a path.
  init(_ path: String?) {
    switch path {
    case nil, "-": self = .text(nil)
    case let path? where path.hasSuffix(".npy"): self = .npy(path)
    case let path? where path.hasSuffix(".npz"): self = .npz(path)
    case let path? where path.hasSuffix(".safetensors"): self = .safetensors(path)
    case let path?: self = .text(path)
    }
  }

  /// Writes outputs, in the order of their names.
  func write(_ outputs: [String: TensorData], names: [String]) throws {
    let source = TensorCollection(outputs)
    switch self {
    case .npy(let path):
      guard names.count == 1, let tensor = outputs[names[0]] else {
        throw CommandError(
          "\(path): a .npy file holds one array, and there are \(names.count) outputs: "
            + "\(names.joined(separator: ", ")); a .npz or .safetensors file holds all")
      }
      try tensor.writeNPY(to: path)
    case .npz(let path): try NPZFile.write(source, to: path)
    case .safetensors(let path): try SafetensorsFile.write(source, to: path)
    case .text(let path):
      let members = names.compactMap { name in
        outputs[name].map { JSON.Member(name: name, value: $0.json) }
      }
      let text = JSON.object(members).description + "\n"
      if let path { try replaceFile(at: path, with: text) } else { try output(text) }
    }
  }
}
