import SequentCompiler
import SequentIR
import SequentRuntime
import TestSupport
import Testing

@testable import Sequent

/// A layer's gradients by its own kernels and step by step on primitive ones.
@Suite struct KernelGradientTests {
  private func check<Cell>(_ layer: RecurrentLayer<Cell>, _ comment: String) throws {
    let traced = try ClosureModel(layer) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 6])
      let result = layer(x, lengths: inputs.lengths())
      let outputs = tanh(result.output).sum(over: 2).sum(over: 1).sum(over: 0)
      return ["loss": outputs + tanh(result.final).sum(over: 1).sum(over: 0)]
    }.traced()
    let weights = try traced.module.initialWeights(seed: 3)
    let x: [Float] = (0..<210).map { (place: Int) -> Float in Float(place * 37 % 101) / 50 - 1 }
    let inputs = [
      "x": try TensorData.float32(x, shape: [5, 7, 6]),
      "lengths": try TensorData.int32([7, 0, 3, 1, 6], shape: [5]),
    ]
    func gradients(disabling passes: Set<String>) throws -> [String: TensorData] {
      let options = CompilerOptions(disabledPasses: passes)
      var module = try compile(traced.module, options: options).module
      let sources = ["x"] + module.parameters.map(\.name)
      module.functions = [
        try module.functions[0].differentiated("loss", withRespectTo: sources, named: "main")
      ]
      let isFused = module.description.contains("recurrent_sequence_gradient")
      #expect(isFused == passes.isEmpty, "\(comment)")
      let model = try CompiledModel(
        TracedModel(module: module), weights: weights, options: options)
      return try model.session(threads: 2).run(inputs)
    }
    let fused = try gradients(disabling: [])
    let unfused = try gradients(disabling: ["fuse-recurrent-sequence", "fuse-recurrent-cell"])
    #expect(fused.count == traced.module.parameters.count + 2)
    for (name, tensor) in fused {
      let difference = unfused[name].map { Tolerance.float.difference(tensor, $0) } ?? "missing"
      #expect(difference == nil, "\(comment) \(name)")
    }
  }

  @Test func `fused and unfused gradients agree`() throws {
    try check(LSTM(6, 9, layers: 2, bidirectional: true), "lstm")
    for resetGate in [GRUCell.ResetGate.afterProduct, .beforeProduct] {
      try check(GRU(6, 17, resetGate: resetGate), "gru \(resetGate)")
    }
    try check(RNN(6, 16, bidirectional: true), "rnn")
  }
}
