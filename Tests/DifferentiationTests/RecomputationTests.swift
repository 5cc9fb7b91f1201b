import SequentCompiler
import SequentIR
import SequentRuntime
import TestSupport
import Testing

@testable import Sequent

/// Gradients of recurrences that save every Nth step only and run the others again.
@Suite struct RecomputationTests {
  /// A loss of outputs and final states from given initial states.
  private static func model<Cell>(
    _ layer: RecurrentLayer<Cell>, isRagged: Bool
  ) throws -> Module {
    try ClosureModel(layer) { inputs in
      let x = inputs.tensor(
        "x", .float32, ["batch", "time", Dimension(constant: layer.cells[0][0].inputSize)])
      let initial = layer.cells.enumerated().map { index, directions in
        directions.enumerated().map { direction, cell in
          cell.stateSizes.enumerated().map { part, size in
            inputs.tensor(
              "s\(index)\(direction)\(part)", .float32, ["batch", Dimension(constant: size)])
          }
        }
      }
      let result = layer(
        x, lengths: isRagged ? inputs.lengths() : nil, initialState: initial)
      let finals = result.state.flatMap { $0.flatMap { $0 } }.map { tanh($0).total }
      return ["loss": finals.reduce((tanh(result.output) * 0.5).total) { $0 + $1 }]
    }.traced().module
  }

  private static func inputs(
    _ function: Function, batch: Int, time: Int
  ) throws -> [HostTensor] {
    var generator = TestGenerator(4)
    return try function.inputs.map { name, type in
      let shape = try type.sizes(["batch": batch, "time": time])
      guard name == "lengths" else { return generator.tensor(shape) }
      return HostTensor(.int32, shape) { Double([time, 0, 1, time / 2, time - 1][$0[0] % 5]) }
    }
  }

  private static func gradients(
    _ module: Module, _ saving: SavedSteps
  ) throws -> (function: Function, module: Module) {
    let function = module.functions[0]
    let real = function.inputs.filter { $0.type.elementType == .float32 }.map(\.name)
    let derived = try function.differentiated(
      "loss", withRespectTo: real + module.parameters.map(\.name), saving: saving, named: "main")
    var whole = module
    whole.functions = [derived]
    try verify(whole)
    #expect(try Module(parsing: whole.description) == whole)
    return (derived, whole)
  }

  /// Holds gradients with and without recomputation against each other: on the evaluator, where both
  /// are the same but for rounding in double precision, and on kernels.
  private static func check(_ traced: Module, time: Int, steps: Int, _ comment: String) throws {
    let weights = Dictionary(
      uniqueKeysWithValues: try traced.parameters.map {
        ($0.name, HostTensor(try $0.initialValues(seed: 3)))
      })
    for isFused in [false, true] {
      let passes = isFused ? [] : Set(Pipelines.all.map(\.name).filter { $0.hasPrefix("fuse-") })
      let options = CompilerOptions(disabledPasses: passes)
      let module = try compile(traced, options: options).module
      let (whole, wholeModule) = try gradients(module, .all)
      let (chunked, chunkedModule) = try gradients(module, .every(steps))
      #expect(chunked.graph.nodes.count { $0.operation.rule.mnemonic == "split_time" } > 0)
      let inputs = try inputs(whole, batch: 5, time: time)
      let expected = try Evaluator(parameters: weights).evaluate(whole, inputs)
      let actual = try Evaluator(parameters: weights).evaluate(chunked, inputs)
      for (name, (a, b)) in zip(whole.resultNames, zip(actual, expected)) {
        let place = "\(comment) \(isFused ? "fused" : "unfused") \(name)"
        #expect(Tolerance(absolute: 1e-11, relative: 1e-10).difference(a, b) == nil, "\(place)")
      }
      let named = Dictionary(
        uniqueKeysWithValues: try zip(whole.inputs, inputs).map { ($0.0.name, try data($0.1)) })
      let kernels = try [wholeModule, chunkedModule].map { module in
        try Executable(module, weights: try weights.mapValues(data)).session(threads: 2).run(named)
      }
      for (name, result) in zip(whole.resultNames, expected) {
        let place = "\(comment) \(isFused ? "fused" : "unfused") \(name) on kernels"
        let value = try #require(kernels[1][name])
        #expect(Tolerance.float.difference(value, result) == nil, "\(place)")
        // What is summed over all steps is summed in another order, and so are the two directions'
        // parts of dx, which a fused layer adds up in its kernel.
        let isSum = traced.parameters.contains { "gradient.\($0.name)" == name }
        guard !isSum, !isFused || !traced.parameters.contains(where: \.isOfBackwardCell) else {
          continue
        }
        #expect(value == kernels[0][name], "\(place)")
      }
    }
  }

  private static func data(_ tensor: HostTensor) throws -> TensorData {
    if tensor.elementType == .int32 {
      return try .int32(tensor.values.map { Int32($0) }, shape: tensor.shape)
    }
    return try .float32(tensor.values.map { Float($0) }, shape: tensor.shape)
  }

  @Test(arguments: [false, true]) func `gradients are the same`(isRagged: Bool) throws {
    let comment = isRagged ? "ragged" : ""
    for (time, steps) in [(6, 3), (2, 4), (3, 1)] {
      try Self.check(
        Self.model(RNN(2, 17), isRagged: isRagged), time: time, steps: steps,
        "rnn \(comment) \(time) by \(steps)")
    }
    try Self.check(
      Self.model(LSTM(2, 3, layers: 2, bidirectional: true), isRagged: isRagged), time: 7, steps: 3,
      "lstm \(comment)")
    try Self.check(
      Self.model(GRU(2, 4), isRagged: isRagged), time: 7, steps: 3, "gru \(comment)")
    try Self.check(
      Self.model(GRU(2, 4, bidirectional: true, resetGate: .beforeProduct), isRagged: isRagged),
      time: 5, steps: 2, "gru before \(comment)")
  }

  @Test func `memory is less`() throws {
    let module = try Self.model(LSTM(32, 64, layers: 2), isRagged: false)
    // A projection of the input that has left the loop is a tensor of all steps.
    let unfused: Set = ["fuse-recurrent-sequence", "fuse-recurrent-cell", "hoist-input-projection"]
    for passes in [[], unfused] {
      let compiled = try compile(module, options: CompilerOptions(disabledPasses: passes)).module
      let weights = Dictionary(
        uniqueKeysWithValues: try module.parameters.map {
          ($0.name, try $0.initialValues(seed: 3))
        })
      func arena(_ saving: SavedSteps) throws -> Int {
        let plan = try Executable(Self.gradients(compiled, saving).module, weights: weights)
          .plan(["batch": 32, "time": 100])
        #expect(Double(plan.arenaBytes) <= 1.05 * Double(plan.lowerBoundBytes))
        return plan.arenaBytes
      }
      let (whole, tenth) = (try arena(.all), try arena(.every(10)))
      #expect(2 * tenth < whole, "\(passes): \(tenth) of \(whole) bytes")
    }
  }

  @Test func `bad lengths and counts are refused`() throws {
    let module = try Self.model(LSTM(2, 3), isRagged: true)
    #expect {
      try Self.gradients(module, .every(0))
    } throws: {
      "\($0)" == "recurrences can save every first, second or later step, not every 0th"
    }
    let (function, chunked) = try Self.gradients(module, .every(2))
    let weights = Dictionary(
      uniqueKeysWithValues: try module.parameters.map { ($0.name, try $0.initialValues(seed: 3)) })
    var inputs = Dictionary(
      uniqueKeysWithValues: try zip(
        function.inputs, try Self.inputs(function, batch: 5, time: 3)
      ).map { ($0.0.name, try Self.data($0.1)) })
    inputs["lengths"] = try .int32([3, 4, 1, 1, 1], shape: [5])
    let session = try Executable(chunked, weights: weights).session()
    #expect {
      try session.run(inputs)
    } throws: {
      "\($0)".hasPrefix("lengths[1] is 4, expected 0 to 3 (chunk_lengths ")
    }
  }
}

extension Parameter {
  /// Whether it belongs to a cell that runs from the end.
  fileprivate var isOfBackwardCell: Bool { name.contains(".backward.") }
}
