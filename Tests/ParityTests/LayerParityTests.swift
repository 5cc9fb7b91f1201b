import SequentIR
import Testing

@testable import Sequent

/// Layers and activations: the loss is the sum of their outputs times given coefficients.
@Suite struct LayerParityTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("layers") }

  private func check(
    _ name: String, _ layers: KeyValuePairs<String, any Sendable> = [:], x: [Dimension],
    of type: ElementType = .float32, output: [Dimension]? = nil,
    _ function: @escaping @Sendable (Tensor, Inputs) -> Tensor
  ) throws {
    let model = FixtureModel(layers) { inputs in
      let y = function(inputs.tensor("x", type, x), inputs)
      return ["loss": (y * inputs.tensor("coefficients", .float32, output ?? x)).total]
    }
    try checkGradients(fixture, name, model)
  }

  @Test func linear() throws {
    let (whole, bare) = (Linear(4, 5), Linear(4, 5, bias: false))
    try check("linear", ["head": whole], x: ["batch", 4], output: ["batch", 5]) { x, _ in whole(x) }
    try check(
      "linear-no-bias", ["head": bare], x: ["batch", "time", 4], output: ["batch", "time", 5]
    ) { x, _ in bare(x) }
  }

  @Test func embedding() throws {
    let embedding = Embedding(7, 3)
    try check(
      "embedding", ["embedding": embedding], x: ["batch", "time"], of: .int32,
      output: ["batch", "time", 3]
    ) { x, _ in embedding(x) }
  }

  @Test func layerNorm() throws {
    let norm = LayerNorm(4)
    try check("layer-norm", ["norm": norm], x: ["batch", "time", 4]) { x, _ in norm(x) }
  }

  @Test func residual() throws {
    let (first, second) = (Linear(4, 6), Linear(6, 4))
    let layer = Residual {
      first
      Activate { tanh($0) }
      second
    }
    try check("residual", ["first": first, "second": second], x: ["batch", 4]) { x, _ in layer(x) }
  }

  @Test func activations() throws {
    let functions: KeyValuePairs<String, @Sendable (Tensor) -> Tensor> = [
      "sigmoid": { sigmoid($0) }, "tanh": { tanh($0) }, "relu": { relu($0) }, "exp": { exp($0) },
      "log": { log($0) }, "sqrt": { sqrt($0) }, "softplus": { softplus($0) },
      "gelu": { gelu($0) }, "gelu-tanh": { gelu($0, .tanh) }, "softmax": { softmax($0) },
    ]
    for (name, function) in functions {
      try check(name, x: ["batch", 7]) { x, _ in function(x) }
    }
    try check("masked-softmax", x: ["batch", "time"]) { x, inputs in
      softmax(x, mask: isLive(lengths: inputs.lengths(), time: "time"))
    }
  }

  @Test(arguments: Pooling.allCases) func pooling(_ pooling: Pooling) throws {
    let (x, output) = (["batch", "time", 4] as [Dimension], ["batch", 4] as [Dimension])
    try check("pooling-\(pooling)", x: x, output: output) { x, _ in pooling(x) }
    try check("pooling-\(pooling)-ragged", x: x, output: output) { x, inputs in
      pooling(x, lengths: inputs.lengths())
    }
  }
}
