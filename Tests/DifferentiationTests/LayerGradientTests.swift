import SequentCompiler
import SequentIR
import Testing

@testable import Sequent

/// A model of a closure, for tests.
struct ClosureModel: Model {
  var layers: [any Sendable] = []
  var body: @Sendable (Inputs) -> Outputs = { _ in [:] }

  init() {}

  init(_ layers: any Sendable..., body: @escaping @Sendable (Inputs) -> Outputs) {
    self.layers = layers
    self.body = body
  }

  func main(_ inputs: Inputs) -> Outputs { body(inputs) }
}

@Suite struct LayerGradientTests {
  /// A loss that weighs every element of a sequence otherwise.
  private static func loss(_ output: Tensor, _ weights: Tensor) -> Tensor {
    (tanh(output) * weights).sum(over: 2).sum(over: 1)
  }

  private static func check<Cell>(
    _ layer: RecurrentLayer<Cell>, lengths: [Double]?, _ comment: String
  ) throws {
    let width = layer.cells[0].count * 3
    let model = ClosureModel(layer) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 2])
      let weights = inputs.tensor("w", .float32, ["batch", "time", Dimension(constant: width)])
      let result = layer(x, lengths: lengths == nil ? nil : inputs.lengths())
      let final = tanh(result.final).sum(over: 1)
      return ["loss": loss(result.output, weights) + final]
    }
    var generator = TestGenerator(11)
    let inputs = [generator.tensor([4, 5, 2]), generator.tensor([4, 5, width])]
    try checkGradients(
      model, inputs: inputs + (lengths.map { [HostTensor(.int32, [4], $0)] } ?? []), comment)
  }

  @Test(arguments: [nil, [5.0, 0, 3, 1]]) func recurrentLayers(_ lengths: [Double]?) throws {
    for bidirectional in [false, true] {
      let layers = bidirectional ? 2 : 1
      try Self.check(
        LSTM(2, 3, layers: layers, bidirectional: bidirectional), lengths: lengths, "lstm")
      for resetGate in [GRUCell.ResetGate.afterProduct, .beforeProduct] {
        try Self.check(
          GRU(2, 3, layers: layers, bidirectional: bidirectional, resetGate: resetGate),
          lengths: lengths, "gru \(resetGate)")
      }
      try Self.check(RNN(2, 3, bidirectional: bidirectional), lengths: lengths, "rnn")
    }
  }

  @Test func ownCellWithACarriedSum() throws {
    // The weight enters a product element by element: its gradient has neither form that leaves the
    // loop.
    struct Scaled: RecurrentCell {
      let scale = Weight([3], initializer: .uniform(bound: 1))
      let input = Linear(2, 3)
      var inputSize: Int { 2 }
      var stateSizes: [Int] { [3] }
      func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
        [tanh(input(x) + exp(x.trace.tensor(scale)) * state[0])]
      }
    }
    for lengths in [nil, [5.0, 0, 3, 1]] as [[Double]?] {
      try Self.check(
        RecurrentLayer(inputSize: 2) { _ in Scaled() }, lengths: lengths, "scaled")
    }
  }

  @Test func feedForwardLayers() throws {
    let chain = Sequential {
      Linear(4, 6)
      LayerNorm(6)
      Activate { gelu($0) }
      Residual { Linear(6, 6) }
      Activate { gelu($0, .tanh) }
      Activate { softplus($0) }
      Activate { softmax($0) }
    }
    let model = ClosureModel(chain) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 4])
      let weights = inputs.tensor("w", .float32, ["batch", "time", 6])
      return ["loss": Self.loss(chain(x), weights)]
    }
    var generator = TestGenerator(5)
    try checkGradients(
      model, inputs: [generator.tensor([2, 3, 4]), generator.tensor([2, 3, 6])])
  }

  @Test func maskedSoftmaxAndPooling() throws {
    for pooling in Pooling.allCases {
      let model = ClosureModel { inputs in
        let x = inputs.tensor("x", .float32, ["batch", "time", 4])
        let lengths = inputs.lengths()
        let mask = isLive(lengths: lengths, time: "time")
        let weights = softmax(x.sum(over: 2), mask: mask).expanded(at: 2)
        return ["loss": pooling(x * weights, lengths: lengths).sum(over: 1)]
      }
      var generator = TestGenerator(6)
      try checkGradients(
        model,
        inputs: [generator.tensor([3, 5, 4]), HostTensor(.int32, [3], [5, 0, 2])], "\(pooling)")
    }
  }

  @Test func embeddingAndTying() throws {
    let embedding = Embedding(7, 3)
    let model = ClosureModel(embedding) { inputs in
      let tokens = inputs.tokens()
      let table = tokens.trace.tensor(embedding.weight)
      let logits = matmul(tanh(embedding(tokens)), table.transposed([1, 0]))
      let weights = inputs.tensor("w", .float32, ["batch", "time", 7])
      return ["loss": Self.loss(logits, weights)]
    }
    var generator = TestGenerator(8)
    try checkGradients(
      model,
      inputs: [HostTensor(.int32, [2, 3], [0, 6, 3, 3, 1, 3]), generator.tensor([2, 3, 7])])
  }
}
