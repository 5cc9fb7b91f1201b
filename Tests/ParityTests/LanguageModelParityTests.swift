import SequentCompiler
import SequentIR
import Testing

@testable import Sequent

/// A language model of characters whose state is carried from window to window.
private struct CharacterModel: Model {
  let embedding = Embedding(23, 16)
  let encoder = LSTM(16, 24)
  let head = Linear(24, 23)

  func main(_ inputs: Inputs) -> Outputs {
    let state = inputs.state("memory", of: encoder)
    let result = encoder(embedding(inputs.tokens()), initialState: state)
    inputs.update(state, to: result.state)
    return ["logits": head(result.output)]
  }
}

@Suite struct LanguageModelParityTests {
  @Test(arguments: Compilation.allCases)
  func `ten steps of Adam track PyTorch's losses`(_ compilation: Compilation) throws {
    let fixture = try Fixture("language-model")
    let model = CharacterModel()
    let weights = try fixture.parameters("weights", of: model.traced().module)
    let step = try TrainingStep(
      model, .labels(), .adam(), weights: TensorCollection(weights), threads: 2,
      options: compilation.options)
    let tokens = HostTensor(try fixture.tensor("tokens"))
    let losses = try fixture.values("losses")
    let (rows, time) = (tokens.shape[0], (tokens.shape[1] - 1) / losses.count)
    func window(from start: Int) throws -> TensorData {
      let values = (0..<rows).flatMap { row in
        tokens.values[row * tokens.shape[1] + start..<row * tokens.shape[1] + start + time]
      }
      return try .int32(values.map { Int32($0) }, shape: [rows, time])
    }
    for (number, expected) in losses.enumerated() {
      let start = number * time
      let batch = ["tokens": try window(from: start), "labels": try window(from: start + 1)]
      let loss = try step.run(batch, learningRate: 0.01).loss
      #expect(abs(loss - expected) < 1e-4, "step \(number): \(loss), PyTorch's \(expected)")
    }
  }
}
