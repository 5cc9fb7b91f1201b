import SequentCompiler
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// The encoder-decoder of Keras's documentation, from Keras's weights, through Keras's batches.
@Suite struct EncoderDecoderParityTests {
  @Test(arguments: Compilation.allCases)
  func `losses and outputs are Keras's`(_ compilation: Compilation) throws {
    let fixture = try Fixture("keras-encoder-decoder")
    let model = KerasEncoderDecoder()
    let training = try TracedTraining(model)
    let specifications = training.model.module.parameters.compactMap(ParameterSpecification.init)
    let weights = TensorCollection(
      try importCheckpoint(
        TensorCollection(fixture.tensors(below: "weights"), name: "weights"), for: specifications,
        convention: .keras))
    let step = try TrainingStep(
      training, model.recipe.optimizer, weights: weights, threads: 2, options: compilation.options)
    let names = ["source", "target", "next"]
    let data = try names.map { HostTensor(try fixture.tensor($0)) }
    func rows(_ range: Range<Int>) throws -> [String: TensorData] {
      var batch: [String: TensorData] = [:]
      for (name, tensor) in zip(names, data) {
        let size = tensor.values.count / tensor.shape[0]
        let values = tensor.values[range.lowerBound * size..<range.upperBound * size]
        batch[name] = try .float32(
          values.map { Float($0) }, shape: [range.count] + tensor.shape.dropFirst())
      }
      return batch
    }
    func check(_ name: String) throws {
      var inputs = try rows(0..<100)
      inputs["next"] = nil
      let outputs = try step.compiled().session(threads: 2).run(inputs)
      let expected = try fixture.values(name)
      let actual = HostTensor(try #require(outputs["probabilities"])).values
      let worst = zip(actual, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 1e-4, "\(name): \(worst)")
    }
    try check("first")
    let starts = Array(stride(from: 0, to: 100, by: model.recipe.batch))
    let losses = try fixture.values("losses")
    #expect(losses.count == model.recipe.epochs * starts.count)
    for (number, expected) in losses.enumerated() {
      let start = starts[number % starts.count]
      let loss = try step.run(
        rows(start..<min(start + model.recipe.batch, 100)),
        learningRate: model.recipe.schedule.peak
      ).loss
      #expect(abs(loss - expected) < 1e-4, "batch \(number): \(loss), Keras's \(expected)")
    }
    try check("last")
  }
}
