import Foundation
import SequentIR
import Testing

@testable import Sequent

/// A file of what PyTorch computed; the script beside the files says what is in them.
struct Fixture: Sendable {
  private let file: any TensorSource

  init(_ name: String) throws {
    let folder = try #require(Bundle.module.resourceURL)
    file = try openTensors(
      path: folder.appendingPathComponent("Fixtures/\(name).safetensors").path)
  }

  /// The tensor at a path.
  func tensor(_ path: String) throws -> TensorData { try file.tensor(named: path) }

  /// The numbers of a tensor.
  func values(_ path: String) throws -> [Double] { HostTensor(try tensor(path)).values }

  /// The tensors below a path, by the rest of theirs.
  func tensors(below path: String) throws -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for name in file.tensorNames where name.hasPrefix("\(path)/") {
      result[String(name.dropFirst(path.count + 1))] = try file.tensor(named: name)
    }
    return result
  }

  /// Tensors under a library's names as those of a module's parameters.
  func parameters(
    _ path: String, of module: Module, _ convention: CheckpointConvention = .pytorch
  ) throws -> [String: TensorData] {
    let specifications = module.parameters.compactMap(ParameterSpecification.init)
    guard !specifications.isEmpty else { return [:] }
    return try importCheckpoint(
      TensorCollection(tensors(below: path), name: path), for: specifications,
      convention: convention)
  }
}

/// A model of named layers and a closure.
struct FixtureModel: Model, NamedParts {
  var parts: [(name: String, part: Any)] { layers.map { ($0.key, $0.value) } }
  private var layers: KeyValuePairs<String, any Sendable> = [:]
  private var body: @Sendable (Inputs) -> Outputs = { _ in [:] }

  init() {}

  init(
    _ layers: KeyValuePairs<String, any Sendable>,
    _ body: @escaping @Sendable (Inputs) -> Outputs
  ) {
    (self.layers, self.body) = (layers, body)
  }

  func main(_ inputs: Inputs) -> Outputs { body(inputs) }
}
