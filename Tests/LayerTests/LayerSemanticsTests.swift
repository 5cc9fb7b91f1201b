import SequentIR
import Testing

@testable import Sequent

/// Runs a model's textbook graph in the reference evaluator, its weights drawn from a seed.
func evaluate(_ model: some Model, _ inputs: [HostTensor]) throws -> [HostTensor] {
  let module = try model.traced().module
  var weights: [String: HostTensor] = [:]
  for parameter in module.parameters {
    weights[parameter.name] = HostTensor(try parameter.initialValues(seed: 7))
  }
  let function = try #require(module.function("main"))
  return try Evaluator(parameters: weights).evaluate(function, inputs)
}

func expectClose(_ left: HostTensor, _ right: HostTensor, within tolerance: Double = 1e-12) {
  #expect(left.shape == right.shape)
  for (a, b) in zip(left.values, right.values) { #expect(abs(a - b) <= tolerance) }
}

@Suite struct LayerSemanticsTests {
  let x = HostTensor(.float32, [2, 3, 4]) { Double($0[0] * 12 + $0[1] * 4 + $0[2]) / 10 - 1 }
  let shape: [Dimension] = ["batch", "time", 4]

  private func run(
    _ inputs: [HostTensor], _ body: @escaping @Sendable (Tensor) -> Tensor
  ) throws -> HostTensor {
    try evaluate(
      ClosureModel { ["y": body($0.tensor("x", .float32, ["batch", "time", 4]))] }, inputs)[0]
  }

  @Test func softplusIsStable() throws {
    let model = ClosureModel { ["y": softplus($0.tensor("x", .float32, ["n"]))] }
    let y = try evaluate(model, [HostTensor(.float32, [3], [-800, 0, 800])])[0]
    expectClose(y, HostTensor(.float32, [3], [0, 0.6931471805599453, 800]))
  }

  @Test func geluFormsMatchTheirDefinitions() throws {
    for (form, activation) in [(GELUForm.exact, Activation.gelu), (.tanh, .geluTanh)] {
      let y = try run([x]) { gelu($0, form) }
      expectClose(y, HostTensor(.float32, x.shape, x.values.map(activation.value)))
    }
  }

  @Test func softmaxRowsSumToOne() throws {
    let y = try run([x]) { softmax($0) }
    expectClose(y, try FusedSoftmax().evaluate([x], [:])[0])
  }

  @Test func maskedSoftmaxOfAMaskedRowIsZero() throws {
    let model = ClosureModel { inputs in
      let scores = inputs.tensor("scores", .float32, ["batch", "time"])
      let live = isLive(lengths: inputs.lengths(), time: "time")
      return ["y": softmax(scores, mask: live)]
    }
    let scores = HostTensor(.float32, [2, 3], [1, 2, 3, 4, 5, 6])
    let y = try evaluate(model, [scores, HostTensor(.int32, [2], [0, 2])])[0]
    #expect(y.values.prefix(3).allSatisfy { $0 == 0 })
    #expect(abs(y.values[3] + y.values[4] - 1) < 1e-12 && y.values[5] == 0)
  }

  @Test func layerNormHasMeanZeroAndVarianceOne() throws {
    let norm = LayerNorm(4)
    let model = ClosureModel(norm) { ["y": norm($0.tensor("x", .float32, ["a", "b", 4]))] }
    let y = try evaluate(model, [x])[0]
    for row in stride(from: 0, to: y.values.count, by: 4) {
      let values = y.values[row..<row + 4]
      #expect(abs(values.reduce(0, +)) < 1e-9)
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-3)
    }
  }

  @Test func dropoutIsIdentityWhenNotTraining() throws {
    expectClose(try run([x]) { Dropout(0.5)($0) }, x)
  }

  @Test(arguments: Pooling.allCases) func poolingRespectsLengths(_ pooling: Pooling) throws {
    let model = ClosureModel { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 4])
      return ["y": pooling(x, lengths: inputs.lengths()), "whole": pooling(x)]
    }
    let results = try evaluate(model, [x, HostTensor(.int32, [2], [2, 0])])
    let rows = (0..<2).map { x[[0, $0, 1]] }
    let expected: Double =
      switch pooling {
      case .last: rows[1]
      case .mean: (rows[0] + rows[1]) / 2
      case .maximum: max(rows[0], rows[1])
      }
    #expect(abs(results[0][[0, 1]] - expected) < 1e-12)
    #expect(results[0].values.suffix(4).allSatisfy { $0 == 0 })
    let full = try evaluate(model, [x, HostTensor(.int32, [2], [3, 3])])
    expectClose(full[0], full[1])
  }

  @Test func sequentialChainsAndResidualAdds() throws {
    let chain = Sequential {
      Linear(4, 4)
      Residual {
        Linear(4, 4)
        Activate { relu($0) }
      }
    }
    let model = ClosureModel(chain) { ["y": chain($0.tensor("x", .float32, ["a", "b", 4]))] }
    #expect(
      try model.traced().module.parameters.map(\.name) == [
        "layers.0.0.weight", "layers.0.0.bias", "layers.0.1.inner.0.weight",
        "layers.0.1.inner.0.bias",
      ])
    #expect(try evaluate(model, [x])[0].shape == [2, 3, 4])
  }

  @Test func stateOfALayerContinuesASequence() throws {
    let encoder = LSTM(4, 3, layers: 2)
    let streaming = ClosureModel(encoder) { inputs in
      let state = inputs.state("encoder", of: encoder)
      let x = inputs.tensor("x", .float32, ["batch", "time", 4])
      let result = encoder(x, initialState: state)
      inputs.update(state, to: result.state)
      return ["y": result.output]
    }
    let module = try streaming.traced().module
    let function = try #require(module.function("main"))
    #expect(function.states.count == 4)
    let zeros = Array(repeating: HostTensor(.float32, [2, 3], repeating: 0), count: 4)
    let whole = try evaluate(streaming, zeros + [x])
    let cut = { (from: Int, to: Int) in
      HostTensor(.float32, [2, to - from, 4]) { x[[$0[0], $0[1] + from, $0[2]]] }
    }
    let first = try evaluate(streaming, zeros + [cut(0, 2)])
    let second = try evaluate(streaming, Array(first.dropFirst()) + [cut(2, 3)])
    for state in 1...4 { expectClose(second[state], whole[state]) }
    for unit in 0..<3 {
      #expect(abs(second[0][[1, 0, unit]] - whole[0][[1, 2, unit]]) < 1e-12)
    }
  }

  @Test func ownCellRunsInTheSameLayer() throws {
    struct LeakyCell: RecurrentCell {
      let input = Linear(4, 5)
      var inputSize: Int { 4 }
      var stateSizes: [Int] { [5] }
      func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
        [state[0] * 0.5 + tanh(input(x))]
      }
    }
    let layer = RecurrentLayer(inputSize: 4, bidirectional: false) { _ in LeakyCell() }
    let model = ClosureModel(layer) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 4])
      let result = layer(x, lengths: inputs.lengths())
      return ["y": result.output, "h": result.final]
    }
    #expect(
      try model.traced().module.parameters.map(\.name) == [
        "layers.0.layer0.forward.input.weight", "layers.0.layer0.forward.input.bias",
      ])
    let results = try evaluate(model, [x, HostTensor(.int32, [2], [1, 3])])
    #expect(results[0][[0, 1, 0]] == 0 && results[0][[0, 0, 0]] == results[1][[0, 0]])
  }
}
