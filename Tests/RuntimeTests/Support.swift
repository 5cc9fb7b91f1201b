import Kernels
import SequentCompiler
import SequentIR
import Synchronization
import TestSupport
import Testing

@testable import SequentRuntime

/// The chosen instruction set belongs to the process, and suites run side by side.
private let selection = Mutex(())

/// Runs a test with each instruction set that this CPU has, alone as to the others.
func withEachInstructionSet(_ body: (String) throws -> Void) rethrows {
  try selection.withLock { _ in
    let before = kn_isa_active()
    defer { kn_isa_select(before) }
    for isa in (0..<UInt32(KN_ISA_COUNT)).map(kn_isa.init(rawValue:)) where kn_isa_supported(isa) {
      kn_isa_select(isa)
      try body(String(cString: kn_isa_name(isa)))
    }
  }
}

/// Runs a test with the best instruction set, alone as to those that choose another.
func withOwnInstructionSet<Result>(_ body: () throws -> Result) rethrows -> Result {
  try selection.withLock { _ in try body() }
}

extension HostTensor {
  /// The same numbers as runtime data.
  func data() throws -> TensorData {
    switch elementType {
    case .float32: try .float32(values.map { Float($0) }, shape: shape)
    case .int32: try .int32(values.map { Int32($0) }, shape: shape)
    case .bool: try .bool(values.map { $0 != 0 }, shape: shape)
    }
  }

  /// Rounded to the precision of its element type.
  var rounded: HostTensor {
    guard elementType == .float32 else { return self }
    return HostTensor(.float32, shape, values.map { Double(Float($0)) })
  }

  /// Numbers in ±1 that depend on the seed.
  static func random(_ shape: [Int], seed: UInt64) -> HostTensor {
    var random = SplitMix(seed: seed)
    return HostTensor(.float32, shape) { _ in Double(Float(random.unit())) }
  }
}

extension TensorData {
  /// The elements' bits, which are equal for equal NaNs too.
  var bits: [UInt32] {
    switch elements {
    case .float32(let values): values.map(\.bitPattern)
    case .int32(let values): values.map { UInt32(bitPattern: $0) }
    case .bool(let values): values.map { $0 ? 1 : 0 }
    }
  }
}

/// A module of one function, with values for its parameters.
struct Model {
  var module: Module
  var parameters: [String: HostTensor] = [:]

  /// A model whose function `main` is built by a closure that names its results.
  init(
    _ parameters: [String: HostTensor] = [:],
    states: [String: String] = [:],
    _ build: (inout Graph) throws -> [(String, Value)]
  ) throws {
    var graph = Graph()
    let results = try build(&graph)
    graph.results = results.map(\.1)
    let function = Function(
      name: "main", graph: graph, resultNames: results.map(\.0), states: states)
    module = Module(
      name: "test",
      parameters: parameters.keys.sorted().map { name in
        Parameter(
          name: name,
          type: TensorType(
            parameters[name]?.elementType ?? .float32,
            (parameters[name]?.shape ?? []).map { Dimension(constant: $0) }))
      }, functions: [function])
    self.parameters = parameters
  }

  init(_ module: Module, _ parameters: [String: HostTensor]) {
    self.module = module
    self.parameters = parameters.mapValues(\.rounded)
  }

  var function: Function { module.functions[0] }

  func executable() throws -> Executable {
    try Executable(module, weights: try parameters.mapValues { try $0.data() })
  }

  /// A session that gives every instruction all threads, more than the machine has if asked.
  func session(threads: Int) throws -> Session {
    Session(
      try executable(), function, ThreadPolicy(team: threads, nanosecondsPerThread: 1e-9))
  }

  /// Runs on kernels; the results hold the states afterwards.
  func run(_ inputs: [HostTensor], threads: Int) throws -> [String: TensorData] {
    let session = try session(threads: threads)
    var (named, states): ([String: TensorData], [String: TensorData]) = ([:], [:])
    for (input, tensor) in zip(function.inputs, inputs) {
      if function.states.values.contains(input.name) {
        states[input.name] = try tensor.data()
      } else {
        named[input.name] = try tensor.data()
      }
    }
    try session.restore(SessionState(tensors: states))
    var results = try session.run(named)
    let after = try session.snapshot().tensors
    for (result, state) in function.states { results[result] = after[state] }
    return results
  }

  /// Holds every result of the kernels against the evaluator's.
  func check(
    _ inputs: [HostTensor], threads: [Int] = [1, 2, 5], tolerance: Tolerance = .float,
    _ comment: String = ""
  ) throws {
    let inputs = inputs.map(\.rounded)
    let expected = try Evaluator(parameters: parameters).evaluate(function, inputs)
    var first: [String: TensorData]?
    for count in threads {
      let actual = try run(inputs, threads: count)
      for (name, tensor) in zip(function.resultNames, expected) {
        let difference = actual[name].map { tolerance.difference($0, tensor) } ?? "missing"
        #expect(difference == nil, "\(comment) \(name), \(count) threads")
      }
      if let first {
        #expect(actual.mapValues(\.bits) == first.mapValues(\.bits), "\(comment) \(count) threads")
      }
      first = actual
    }
  }
}
