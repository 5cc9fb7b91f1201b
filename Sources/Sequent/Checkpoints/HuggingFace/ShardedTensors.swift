import Foundation
import SequentIR

/// A checkpoint in several safetensors files, and the index that says which tensor is in which.
struct ShardedTensors: TensorSource {
  private let shards: [SafetensorsFile]
  private let places: [String: Int]

  /// The index's name.
  let name: String
  /// The names of the tensors, shard by shard.
  let tensorNames: [String]
  /// Text stored with the tensors, of which shards have none of their own.
  var metadata: [String: String] { [:] }

  /// The files that an index names, in the index's folder.
  init(index contents: FileContents) throws {
    name = contents.name
    let folder = URL(filePath: contents.name).deletingLastPathComponent().path
    let map = try FileValue(contents).required("weight_map")
    let entries = try map.members()
    var numbers: [String: Int] = [:]
    var shards: [SafetensorsFile] = []
    var places: [String: Int] = [:]
    for (tensor, value) in entries {
      let file = try value.string()
      guard !file.contains("/"), file != "..", !file.isEmpty else {
        throw value.problem("'\(file)' is not a file beside the index")
      }
      if numbers[file] == nil {
        numbers[file] = shards.count
        shards.append(try SafetensorsFile(path: folder + "/" + file))
      }
      let shard = numbers[file] ?? 0
      guard shards[shard].description(of: tensor) != nil else {
        throw value.problem("\(shards[shard].name) has no tensor of this name")
      }
      places[tensor] = shard
    }
    (self.shards, self.places) = (shards, places)
    tensorNames = shards.indices.flatMap { shard in
      shards[shard].tensorNames.filter { places[$0] == shard }
    }
  }

  /// The element type and shape of a tensor; nil when there is none of that name.
  func description(of tensor: String) -> TensorDescription? {
    places[tensor].flatMap { shards[$0].description(of: tensor) }
  }

  /// The values of a tensor.
  func tensor(named tensor: String) throws -> TensorData {
    guard let shard = places[tensor] else { throw missing(tensor) }
    return try shards[shard].tensor(named: tensor)
  }
}
