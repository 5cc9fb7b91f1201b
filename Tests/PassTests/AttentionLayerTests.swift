import Sequent
import SequentCompiler
import SequentIR
import Testing

/// A score for the decoder below, whose states are 5 wide and whose memory is 6.
private protocol DecoderScore: AttentionScore {
  init()
}

extension AdditiveScore: DecoderScore {
  fileprivate init() { self.init(query: 5, memory: 6, units: 4) }
}

extension GeneralScore: DecoderScore {
  fileprivate init() { self.init(query: 5, memory: 6) }
}

/// Attention layers become kernels, also in the step of a decoder.
@Suite struct AttentionLayerTests {
  /// A GRU of targets `[batch, 6, 3]` that attends to a memory `[batch, time, 6]`.
  private struct Decoder<Score: DecoderScore>: Model {
    let cell = GRUCell(9, 5)
    let attention = Attention(Score())

    init(_ configuration: NoConfiguration) {}

    func main(_ inputs: Inputs) -> Outputs {
      let targets = inputs.tensor("targets", .float32, ["batch", 6, 3])
      let memory = attention.memory(
        inputs.tensor("memory", .float32, ["batch", "time", 6]), lengths: inputs.lengths())
      let start = inputs.tensor("start", .float32, ["batch", 5])
      let result = recurrence(over: [targets], from: [start]) { inputs, state in
        let read = attention(state[0], memory)
        let state = cell.step(inputs[0].concatenated(with: [read.context], axis: 1), state)
        return (state, [state[0], read.weights])
      }
      return ["y": result.outputs[0], "weights": result.outputs[1]]
    }
  }

  private func check<Score: DecoderScore>(_ score: Score.Type, _ mnemonic: String) throws {
    let module = try Decoder<Score>(NoConfiguration()).traced().module
    let (fused, report) = try compile(module)
    let scan = fused.functions[0].graph.nodes.compactMap { node -> Scan? in
      if case .scan(let scan) = node.operation { scan } else { nil }
    }.first
    let body = try #require(scan?.body)
    let attentions = body.nodes.filter { $0.operation.rule.mnemonic == mnemonic }
    guard case .attention(let operation)? = attentions.first?.operation else {
      Issue.record("no \(mnemonic): \(report.explanations.map(\.description))")
      return
    }
    #expect(operation.givesWeights && operation.hasLengths && operation.mask == .none)
    // No product of keys is left in the step.
    let products = body.nodes.filter { ["linear", "matmul"].contains($0.operation.rule.mnemonic) }
    #expect(products.allSatisfy { !body.type(of: $0.results[0]).shape.contains("time") })
    #expect(try difference(fused, module) == nil)
  }

  @Test func `a step's attention is one kernel, its keys projected once`() throws {
    try check(AdditiveScore.self, "additive_attention")
    try check(GeneralScore.self, "attention")
  }
}
