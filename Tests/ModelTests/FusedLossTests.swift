import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Logits `[batch, time, 5]` of features `[batch, time, 3]`.
private struct Labeller: Model {
  let head = Linear(3, 5)

  func main(_ inputs: Inputs) -> Outputs {
    ["logits": head(inputs.tensor("x", .float32, ["batch", "time", 3]))]
  }
}

/// How a loss is called, and what the pass says of it.
private struct LossCase: Sendable, CustomTestStringConvertible {
  var ignoring: Int?
  var smoothing = 0.0
  var hasLengths = false
  var weights: [Double]?
  let message: String

  var testDescription: String { message }

  var objective: Objective {
    Objective { [self] inputs, outputs in
      let logits = outputs["logits"]
      let labels = inputs.tensor("labels", .int32, ["batch", "time"])
      return crossEntropy(
        logits, labels, ignoring: ignoring, smoothing: smoothing,
        classWeights: weights.map { _ in inputs.tensor("weights", .float32, [5]) },
        lengths: hasLengths ? inputs.lengths() : nil)
    }
  }

  func batch() throws -> [String: TensorData] {
    var generator = CounterGenerator(seed: 3, stream: "batch")
    var tensors = [
      "x": try TensorData.float32(
        (0..<24).map { _ in Float.random(in: -3...3, using: &generator) }, shape: [2, 4, 3]),
      // Past the second row's length stands what is no class.
      "labels": try .int32(
        [0, 1, 4, 2, 3, 3, hasLengths ? -7 : 1, Int32(ignoring ?? 2)], shape: [2, 4]),
    ]
    if hasLengths { tensors["lengths"] = try .int32([4, 2], shape: [2]) }
    if let weights { tensors["weights"] = try .float32(weights.map(Float.init), shape: [5]) }
    return tensors
  }
}

/// The fused cross-entropy and the composition that it is made of.
@Suite struct FusedLossTests {
  @Test(arguments: [
    LossCase(message: "fused cross-entropy"),
    LossCase(ignoring: -100, message: "fused cross-entropy, label -100 ignored"),
    LossCase(smoothing: 0.25, message: "fused cross-entropy, smoothing 0.25"),
    LossCase(hasLengths: true, message: "fused cross-entropy, positions chosen"),
    LossCase(
      ignoring: -1, smoothing: 0.25, hasLengths: true,
      message: "fused cross-entropy, smoothing 0.25, label -1 ignored, positions chosen"),
    LossCase(
      weights: [1, 2, 0.5, 1, 3],
      message: "not fused: %multiply has weights, which the kernel has not"),
  ])
  private func trainsAsTheComposition(_ loss: LossCase) throws {
    let batch = try loss.batch()
    let fused = try TrainingStep(Labeller(), loss.objective, .sgd(), seed: 1)
    let composed = try TrainingStep(
      Labeller(), loss.objective, .sgd(), seed: 1,
      options: CompilerOptions(disabledPasses: ["fuse-cross-entropy"]))
    let messages = fused.report.explanations.filter { $0.pass == "fuse-cross-entropy" }
    #expect(messages.map(\.message) == [loss.message])
    for _ in 0..<3 {
      let (a, b) = (
        try fused.run(batch, learningRate: 0.1), try composed.run(batch, learningRate: 0.1)
      )
      #expect(abs(a.loss - b.loss) < 1e-5 * max(1, abs(b.loss)))
      #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-5 * max(1, b.gradientNorm))
    }
    let (left, right) = (try fused.snapshot().tensors, try composed.snapshot().tensors)
    for (name, tensor) in left {
      guard case .float32(let values) = tensor.elements,
        case .float32(let wanted)? = right[name]?.elements
      else { throw RuntimeError("no '\(name)'") }
      #expect(zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-5 }, "\(name)")
    }
  }
}
