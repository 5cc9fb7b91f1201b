import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// A feed-forward network with a residual, `[batch, time, 6]`.
private struct Block: Model {
  let network: FeedForward

  init(_ activation: FeedForward.Activation, isGated: Bool) {
    var shape = TransformerShape(width: 6, heads: 1, feedForward: 20)
    (shape.activation, shape.isGated) = (activation, isGated)
    network = FeedForward(shape)
  }

  func main(_ inputs: Inputs) -> Outputs {
    let x = inputs.tensor("x", .float32, ["batch", "time", 6])
    return ["logits": x + network(x)]
  }
}

/// What of a feed-forward network's passes over memory goes into its products.
@Suite struct EpilogueTests {
  private static func batch() throws -> [String: TensorData] {
    var generator = CounterGenerator(seed: 3, stream: "batch")
    let x = (0..<72).map { _ in Float.random(in: -1...1, using: &generator) }
    return [
      "x": try .float32(x, shape: [3, 4, 6]),
      "labels": try .int32((0..<12).map { Int32($0 % 6) }, shape: [3, 4]),
    ]
  }

  private static func trained(
    _ model: Block, without passes: Set<String>
  ) throws -> (parameters: TensorCollection, instructions: [Instruction]) {
    let step = try TrainingStep(
      model, .labels(), .sgd(), seed: 4, threads: 2,
      options: CompilerOptions(disabledPasses: passes))
    for _ in 0..<3 { _ = try step.run(batch(), learningRate: 0.1) }
    return (try step.parameters(), try #require(step.plan).instructions)
  }

  @Test(arguments: [FeedForward.Activation.gelu, .geluTanh], [false, true])
  func `gradients of slopes and biases take no pass of their own`(
    activation: FeedForward.Activation, isGated: Bool
  ) throws {
    let model = Block(activation, isGated: isGated)
    let fused = try Self.trained(model, without: [])
    let plain = try Self.trained(model, without: ["fuse-bias-gradient"])
    // Two biases; a gated network's two parallel products are one.
    let sums = [plain, fused].map { $0.instructions.count { $0.kernel.name == "reduce.sum" } }
    #expect(sums[0] - sums[1] == 2, "\(fused.instructions)")
    // The hidden layer's gradient is multiplied by the slope where it is computed.
    let multiplications = fused.instructions.count {
      $0.kernel.name == "multiply" && $0.outputs[0].count == 3 * 4 * 20
    }
    #expect(isGated || multiplications == 0, "\(fused.instructions)")
    for name in plain.parameters.tensorNames {
      guard case .float32(let found) = try fused.parameters.tensor(named: name).elements,
        case .float32(let wanted) = try plain.parameters.tensor(named: name).elements
      else { throw RuntimeError("\(name) is not f32") }
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
    }
  }

  @Test(arguments: [FeedForward.Activation.relu, .gelu])
  func `a gated network's halves are multiplied in a product if they are two`(
    activation: FeedForward.Activation
  ) throws {
    let model = Block(activation, isGated: true)
    let compiled = try CompiledModel(
      model.traced(), seed: 3, options: CompilerOptions(disabledPasses: ["merge-gate-matmuls"]))
    let kernels = try compiled.executable.plan(["batch": 3, "time": 4]).instructions
      .map(\.kernel.name)
    #expect(!kernels.contains("multiply"), "\(kernels)")
  }
}
