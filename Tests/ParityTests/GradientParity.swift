import SequentCompiler
import SequentIR
import SequentRuntime
import TestSupport
import Testing

@testable import Sequent

/// A way to compile: with all passes, or operation by operation.
enum Compilation: CaseIterable {
  case fused, unfused

  var options: CompilerOptions {
    let fusing = Pipelines.all.map(\.name).filter { $0.hasPrefix("fuse-") }
    return CompilerOptions(disabledPasses: self == .fused ? [] : Set(fusing))
  }
}

/// A loss and its gradients on kernels, from a fixture's weights.
struct GradientParity {
  let fixture: Fixture
  let session: Session
  private let module: Module
  private let convention: CheckpointConvention
  private let sources: [String]

  /// Compiles a model whose result `loss` is the fixture's.
  ///
  /// - Parameter name: the case whose weights the model takes.
  init(
    _ fixture: Fixture, _ name: String, _ model: some Model, _ compilation: Compilation,
    _ convention: CheckpointConvention = .pytorch
  ) throws {
    (self.fixture, self.convention) = (fixture, convention)
    let traced = try model.traced()
    module = traced.module
    let weights = try fixture.parameters("\(name)/weights", of: module, convention)
    let wanted = try fixture.tensors(below: "\(name)/input_gradients").keys.sorted()
    sources = wanted + module.parameters.map(\.name)
    var derived = try compile(module, options: compilation.options).module
    derived.functions = [
      try derived.functions[0].differentiated("loss", withRespectTo: sources, named: "main")
    ]
    let compiled = try CompiledModel(
      TracedModel(module: derived), weights: TensorCollection(weights),
      options: compilation.options)
    session = try compiled.session(threads: 2)
  }

  /// Holds a case's loss and all of its gradients against the fixture.
  ///
  /// - Parameter absolute: what any element may differ by: gradients of sums that cancel are nothing but
  ///   rounding, as that of a bias of keys.
  func check(_ name: String, _ comment: String, absolute: Double = 0) throws {
    let results = try session.run(try fixture.tensors(below: "\(name)/inputs"))
    try compare(results["loss"], fixture.tensor("\(name)/loss"), "\(comment) loss")
    var expected = try fixture.parameters("\(name)/gradients", of: module, convention)
    expected.merge(try fixture.tensors(below: "\(name)/input_gradients")) { $1 }
    #expect(expected.count == sources.count, "\(comment)")
    for source in sources {
      try compare(
        results["gradient.\(source)"], expected[source], "\(comment) \(source)", absolute)
    }
  }

  private func compare(
    _ actual: TensorData?, _ expected: TensorData?, _ comment: String, _ absolute: Double = 0
  ) throws {
    let (actual, expected) = (try #require(actual), try #require(expected))
    let close = closeness(to: expected)
    let tolerance = Tolerance(
      absolute: max(close.absolute, absolute), relative: close.relative)
    #expect(tolerance.difference(actual, expected) == nil, "\(comment)")
  }
}

/// 1e-4 of each element; where terms cancel to almost nothing, 1e-6 of the largest.
func closeness(to expected: TensorData) -> Tolerance {
  let largest = HostTensor(expected).values.map(abs).max() ?? 0
  return Tolerance(absolute: 1e-6 * largest, relative: 1e-4)
}

/// Holds a model of every case against the fixture, fused and unfused.
func checkGradients(
  _ fixture: Fixture, _ name: String, _ model: some Model,
  convention: CheckpointConvention = .pytorch, absolute: Double = 0
) throws {
  for compilation in Compilation.allCases {
    try GradientParity(fixture, name, model, compilation, convention)
      .check(name, "\(name) \(compilation)", absolute: absolute)
  }
}
