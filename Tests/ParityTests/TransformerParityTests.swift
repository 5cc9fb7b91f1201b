import SequentIR
import Testing

@testable import Sequent

/// Transformers against PyTorch's own layers: gradients of every weight and input, and training.
@Suite struct TransformerParityTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("transformer") }

  private func shape(_ placement: NormalizationPlacement) -> TransformerShape {
    var shape = TransformerShape(width: 8, heads: 2, feedForward: 12)
    shape.placement = placement
    return shape
  }

  @Test(arguments: [NormalizationPlacement.before, .after])
  func encoders(_ placement: NormalizationPlacement) throws {
    var shape = shape(placement)
    shape.activation = .gelu
    let encoder = TransformerEncoder(shape, layers: 2)
    let model = FixtureModel(["encoder": encoder]) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 8])
      let y = encoder(x, lengths: inputs.lengths())
      return ["loss": (y * inputs.tensor("coefficients", .float32, x.shape)).total]
    }
    try checkGradients(fixture, "encoder-\(placement)", model, convention: .sequent, absolute: 4e-6)
  }

  @Test(arguments: [NormalizationPlacement.before, .after])
  func decoders(_ placement: NormalizationPlacement) throws {
    let decoder = TransformerDecoder(shape(placement), layers: 2)
    let model = FixtureModel(["decoder": decoder]) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 8])
      let y = decoder(
        x, over: inputs.tensor("memory", .float32, ["batch", "keys", 8]),
        lengths: inputs.lengths(), memoryLengths: inputs.lengths("memory_lengths"))
      return ["loss": (y * inputs.tensor("coefficients", .float32, x.shape)).total]
    }
    try checkGradients(fixture, "decoder-\(placement)", model, convention: .sequent, absolute: 4e-6)
  }

  @Test func aLayerAsLlamaHasThem() throws {
    var shape = TransformerShape(width: 16, heads: 4, feedForward: 12)
    (shape.keyHeads, shape.rotaryBase, shape.activation, shape.isGated) = (2, 100, .silu, true)
    (shape.normalization, shape.placement, shape.epsilon) = (.rootMeanSquare, .before, 1e-6)
    shape.hasBias = false
    let encoder = TransformerEncoder(shape, layers: 1)
    let model = FixtureModel(["encoder": encoder]) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 16])
      let y = encoder(x, lengths: inputs.lengths(), isCausal: true)
      return ["loss": (y * inputs.tensor("coefficients", .float32, x.shape)).total]
    }
    try checkGradients(fixture, "llama", model, convention: .sequent, absolute: 4e-6)
  }

  @Test(arguments: Compilation.allCases)
  func `ten steps of AdamW track PyTorch's losses`(_ compilation: Compilation) throws {
    var configuration = Transformer.Configuration()
    let tokens = { (count: Int) in ["<pad>", "<unk>"] + (2..<count).map { "t\($0)" } }
    configuration.source = TextEncoding(unit: .word, vocabulary: tokens(9), unknown: 1)
    configuration.text = TextEncoding(
      unit: .word, vocabulary: tokens(7), unknown: 1, begin: 2, end: 3)
    (configuration.width, configuration.heads, configuration.feedForward) = (8, 2, 12)
    (configuration.encoderLayers, configuration.decoderLayers) = (1, 1)
    configuration.dropout = 0
    let model = Transformer(configuration)
    let weights = try fixture.tensors(below: "steps/weights")
    let step = try TrainingStep(
      model, .labels(), .adamW(), weights: TensorCollection(weights), threads: 2,
      options: compilation.options)
    var batch: [String: TensorData] = [:]
    for name in ["source", "source_lengths", "target", "target_lengths"] {
      batch[name] = try fixture.tensor("steps/\(name)")
    }
    let labels = HostTensor(try fixture.tensor("steps/labels"))
    batch["labels"] = try .int32(
      labels.values.map { $0 < 0 ? Batch.ignoredLabel : Int32($0) }, shape: labels.shape)
    for (number, expected) in try fixture.values("steps/losses").enumerated() {
      let loss = try step.run(batch, learningRate: 0.01).loss
      #expect(abs(loss - expected) < 1e-4, "step \(number): \(loss), PyTorch's \(expected)")
    }
  }
}
