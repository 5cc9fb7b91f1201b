import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

@Suite struct TelemetryTests {
  private static let (batch, time, width, units) = (3, 4, 2, 3)

  /// A layer whose loss weighs every output and the final states.
  private static func module<Cell>(
    _ layer: RecurrentLayer<Cell>, isRagged: Bool
  ) throws -> Module {
    try ClosureModel(layer) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 2])
      let result = layer(x, lengths: isRagged ? inputs.lengths() : nil)
      let squares = (result.output * result.output).sum(over: 2).sum(over: 1).sum(over: 0)
      return ["loss": squares + tanh(result.final).sum(over: 1).sum(over: 0)]
    }.traced().module
  }

  /// Gradients by time step against central differences, and what the probe makes of them.
  private static func check<Cell>(
    _ layer: RecurrentLayer<Cell>, lengths: [Double]?, _ comment: String
  ) throws {
    let module = try module(layer, isRagged: lengths != nil)
    let main = try #require(module.function("main"))
    var weights: [String: TensorData] = [:]
    for parameter in module.parameters {
      weights[parameter.name] = try parameter.initialValues(seed: 5)
    }
    var generator = TestGenerator(17)
    let x = generator.tensor([batch, time, width])
    let inputs = [x] + (lengths.map { [HostTensor(.int32, [batch], $0)] } ?? [])
    let parameters = weights.mapValues { HostTensor($0) }
    let telemetry = try TelemetryFunction(module)
    let function = telemetry.function
    let results = Dictionary(
      uniqueKeysWithValues: zip(
        function.resultNames,
        try Evaluator(parameters: parameters).evaluate(function, inputs)))
    let evaluator = MovingEvaluator(
      parameters: parameters, bindings: ["batch": batch, "time": time])
    #expect(telemetry.layers.count == layer.cells.flatMap { $0 }.count)

    var batchTensors = ["x": try TensorData.float32(x.values.map { Float($0) }, shape: x.shape)]
    if let lengths {
      batchTensors["lengths"] = try .int32(lengths.map { Int32($0) }, shape: [batch])
    }
    let record = try TelemetryProbe(module, threads: 2).measure(
      batchTensors, at: TrainingState(count: 7, tensors: weights))
    #expect(record.step == 7 && record.layers.map(\.name) == telemetry.layers.map(\.name))

    for (scan, measured) in telemetry.layers.enumerated() {
      for (state, name) in measured.states.enumerated() {
        let gradient = try #require(results[name.result])
        for t in 0..<time {
          let direction = generator.tensor([batch, units])
          let loss = { (distance: Double) in
            let addition = HostTensor(.float32, [batch, units]) { direction[$0] * distance }
            let moved = MovedState(scan: scan, state: state, time: t, addition: addition)
            return try evaluator.evaluate(main.graph, inputs, moving: moved)[0].values[0]
          }
          var analytic = 0.0
          forEachIndex([batch, units]) {
            analytic += gradient[[$0[0], t, $0[1]]] * direction[$0]
          }
          let numeric = (try loss(1e-5) - loss(-1e-5)) / 2e-5
          #expect(abs(analytic - numeric) < 1e-7, "\(comment) \(name.name) at \(t)")
        }
        let norms = record.layers[scan].states[state].gradientNorms
        #expect(norms.count == Int(lengths?.max() ?? Double(time)))
        for (t, norm) in norms.enumerated() {
          let rows = (0..<batch).filter { row in lengths.map { Double(t) < $0[row] } ?? true }
          let sizes = rows.map { row in
            let squares = (0..<units).map { gradient[[row, t, $0]] * gradient[[row, t, $0]] }
            return (squares.reduce(0, +) / Double(units)).squareRoot()
          }
          let expected = sizes.reduce(0, +) / Double(rows.count)
          #expect(abs(Double(norm) - expected) < 1e-5, "\(comment) \(name.name) at \(t)")
        }
      }
    }
  }

  @Test(arguments: [nil, [3.0, 0, 2]])
  func gradientsByTimeStepAgreeWithDifferences(_ lengths: [Double]?) throws {
    for (layers, bidirectional) in [(1, false), (2, true)] {
      let comment = "\(layers) layers, \(lengths == nil ? "full" : "ragged")"
      try Self.check(
        RNN(2, 3, layers: layers, bidirectional: bidirectional), lengths: lengths, "rnn \(comment)")
      try Self.check(
        LSTM(2, 3, layers: layers, bidirectional: bidirectional), lengths: lengths,
        "lstm \(comment)")
      for resetGate in [GRUCell.ResetGate.afterProduct, .beforeProduct] {
        try Self.check(
          GRU(2, 3, layers: layers, bidirectional: bidirectional, resetGate: resetGate),
          lengths: lengths, "gru \(resetGate) \(comment)")
      }
    }
  }

  @Test func saturationIsCountedByGateAndTimeStep() throws {
    // All weights are zero but those of the biases and of the output gate's input: a forget gate of
    // σ(3), σ(-3), σ(0), σ(3), an output gate of σ(x), an input gate of σ(0).
    let layer = LSTM(1, 4)
    let module = try ClosureModel(layer) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 1])
      return ["loss": layer(x, lengths: inputs.lengths()).final.sum(over: 1).sum(over: 0)]
    }.traced().module
    var weights: [String: TensorData] = [:]
    for parameter in module.parameters {
      let shape = try #require(parameter.type.staticShape)
      let values: [Float] =
        if parameter.name.hasSuffix("forget.bias") {
          [3, -3, 0, 3]
        } else if parameter.name.hasSuffix("output.input_weight") {
          [1, 1, 1, 1]
        } else {
          Array(repeating: 0, count: shape.reduce(1, *))
        }
      weights[parameter.name] = try .float32(values, shape: shape)
    }
    let batch = [
      "x": try TensorData.float32([5, -5, 0, -5, 5, 5], shape: [2, 3, 1]),
      "lengths": try TensorData.int32([3, 1], shape: [2]),
    ]
    let record = try TelemetryProbe(module).measure(
      batch, at: TrainingState(count: 0, tensors: weights))
    let gates = try #require(record.layers.first).gates
    #expect(gates.map(\.name) == ["forget", "input", "output"])
    #expect(gates[0].leftSaturated == [0.25, 0.25, 0.25])
    #expect(gates[0].rightSaturated == [0.5, 0.5, 0.5])
    #expect(gates[1].leftSaturated == [0, 0, 0] && gates[1].rightSaturated == [0, 0, 0])
    #expect(gates[2].leftSaturated == [0.5, 1, 0] && gates[2].rightSaturated == [0.5, 0, 0])
  }

  @Test func gatesAreCalledByTheirLayers() throws {
    struct Leaky: RecurrentCell {
      let leak = Linear(3, 3)
      let input = Linear(3, 3)
      var inputSize: Int { 3 }
      var stateSizes: [Int] { [3] }
      func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
        let open = sigmoid(leak(x))
        return [sigmoid(open * state[0]) * tanh(input(x))]
      }
    }
    let leaky = RecurrentLayer(inputSize: 3) { _ in Leaky() }
    let gru = GRU(2, 3)
    let module = try ClosureModel(gru, leaky) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 2])
      let result = leaky(leaky(gru(x).output).output)
      return ["loss": result.final.sum(over: 1).sum(over: 0)]
    }.traced().module
    let layers = try TelemetryFunction(module).layers
    #expect(
      layers.map(\.name) == [
        "layers.0.layer0.forward", "layers.1.layer0.forward", "layers.1.layer0.forward_2",
      ])
    #expect(layers[0].gates.map(\.name) == ["reset", "update"])
    #expect(layers[1].gates.map(\.name) == ["leak", "sigmoid_1"])
    #expect(layers[0].states.map(\.name) == ["h"])
  }

  @Test func theProbeSeesTheNextTrainingStep() throws {
    struct Carried: Model {
      let encoder = GRU(3, 4, layers: 2, dropout: Dropout(0.5))
      let head = Linear(4, 2)

      func main(_ inputs: Inputs) -> Outputs {
        let state = inputs.state("memory", of: encoder)
        let x = inputs.tensor("x", .float32, ["batch", "time", 3])
        let result = encoder(x, initialState: state)
        inputs.update(state, to: result.state)
        return ["logits": head(result.output)]
      }
    }
    let step = try TrainingStep(Carried(), .labels(), .sgd(), seed: 4)
    let probe = try TelemetryProbe(Carried(), .labels(), seed: 4)
    var generator = CounterGenerator(seed: 1, stream: "batch")
    for number in 0..<3 {
      let x = (0..<30).map { _ in Float(generator.normal()) }
      let batch = [
        "x": try TensorData.float32(x, shape: [2, 5, 3]),
        "labels": try TensorData.int32((0..<10).map { $0 % 2 }, shape: [2, 5]),
      ]
      let record = try probe.measure(batch, at: step.snapshot())
      let result = try step.run(batch, learningRate: 0.5)
      let norms = record.parameterGradientNorms.values.map { Double($0 * $0) }
      #expect(record.step == number)
      #expect(abs(Double(record.loss) - result.loss) < 1e-5)
      #expect(abs(norms.reduce(0, +).squareRoot() - result.gradientNorm) < 1e-5)
    }
  }

  @Test func aModuleWithoutLossIsRefused() throws {
    let module = try ClosureModel { ["y": $0.tensor("x", .float32, ["batch"])] }.traced().module
    let error = #expect(throws: DifferentiationError.self) { try TelemetryProbe(module) }
    #expect(error?.message == "main has no result 'loss'; it has y")
  }
}
