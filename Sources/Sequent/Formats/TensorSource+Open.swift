import SequentIR

/// Opens a file of tensors by what its first bytes say: .npz, .npy (one tensor, called `array`),
/// and otherwise safetensors, which includes artifacts.
public func openTensors(path: String) throws -> any TensorSource {
  let contents = try FileContents(path: path)
  let start = contents.withUnsafeBytes { Array($0.prefix(NPYHeader.magic.count)) }
  if start == NPYHeader.magic {
    return TensorCollection(["array": try TensorData(npy: contents)], name: path)
  }
  if start.starts(with: Array("PK".utf8)) { return try NPZFile(contents) }
  return try SafetensorsFile(contents)
}
