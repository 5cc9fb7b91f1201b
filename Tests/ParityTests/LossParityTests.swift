import SequentIR
import Testing

@testable import Sequent

@Suite struct LossParityTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("losses") }

  private func checkCrossEntropy(
    _ name: String, ignoring: Int? = nil, smoothing: Double = 0, isWeighted: Bool = false,
    hasLengths: Bool = false
  ) throws {
    let model = FixtureModel([:]) { inputs in
      let places: [Dimension] = hasLengths ? ["batch", "time"] : ["batch"]
      let loss = crossEntropy(
        inputs.tensor("logits", .float32, places + [5]), inputs.tensor("labels", .int32, places),
        ignoring: ignoring, smoothing: smoothing,
        classWeights: isWeighted ? inputs.tensor("class_weights", .float32, [5]) : nil,
        lengths: hasLengths ? inputs.lengths() : nil)
      return ["loss": loss]
    }
    try checkGradients(fixture, name, model)
  }

  @Test func crossEntropyFromLogits() throws {
    try checkCrossEntropy("cross-entropy")
    try checkCrossEntropy("cross-entropy-smoothing", smoothing: 0.1)
    try checkCrossEntropy("cross-entropy-weights", isWeighted: true)
    try checkCrossEntropy("cross-entropy-weights-smoothing", smoothing: 0.2, isWeighted: true)
    try checkCrossEntropy("cross-entropy-ignoring", ignoring: 2)
    try checkCrossEntropy("cross-entropy-lengths", hasLengths: true)
    try checkCrossEntropy(
      "cross-entropy-everything", smoothing: 0.1, isWeighted: true, hasLengths: true)
  }

  @Test func otherLosses() throws {
    let losses: KeyValuePairs<String, @Sendable (Tensor, Tensor) -> Tensor> = [
      "mean-squared": { meanSquaredError($0, $1) }, "mean-absolute": { meanAbsoluteError($0, $1) },
      "binary": { binaryCrossEntropy($0, $1) },
      "categorical": { categoricalCrossEntropy(probabilities: $0, $1) },
    ]
    for (name, loss) in losses {
      let shape: [Dimension] = ["batch", name == "categorical" ? 5 : 3]
      let model = FixtureModel([:]) { inputs in
        let x = inputs.tensor("x", .float32, shape)
        return ["loss": loss(x, inputs.tensor("targets", .float32, shape))]
      }
      try checkGradients(fixture, name, model)
    }
  }
}
