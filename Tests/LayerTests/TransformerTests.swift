import SequentIR
import Testing

@testable import Sequent

@Suite struct TransformerTests {
  private func shape(_ change: (inout TransformerShape) -> Void = { _ in }) -> TransformerShape {
    var shape = TransformerShape(width: 8, heads: 4, feedForward: 12)
    change(&shape)
    return shape
  }

  private func sequence(_ sizes: [Int], _ seed: Double = 0) -> HostTensor {
    HostTensor(.float32, sizes) { index in
      let place = Double(index.reduce(0) { $0 * 7 + $1 })
      return ((place * 0.37 + seed).truncatingRemainder(dividingBy: 1.9)) - 0.9
    }
  }

  @Test func sinusoidsAreThePapers() throws {
    let model = ClosureModel { inputs in
      ["y": SinusoidalPositions(4)(inputs.tensor("positions", .int32, ["n"]))]
    }
    let y = try evaluate(model, [HostTensor(.int32, [2], [0, 3])])[0]
    let turned = [3.0, 3.0 * 0.01].flatMap { [Unary.sine.value($0), Unary.cosine.value($0)] }
    expectClose(y, HostTensor(.float32, [2, 4], [0, 1, 0, 1] + turned))
  }

  @Test func rotatedScoresDependOnDistances() throws {
    let model = ClosureModel { inputs in
      let q = inputs.tensor("q", .float32, [1, "time", 1, 6])
      let k = inputs.tensor("k", .float32, [1, "time", 1, 6])
      let past = inputs.tensor("past", .int32, [1])
      let rotary = RotaryPositions(6), places = positions(of: q, past: past)
      let turned = [rotary(q, places), rotary(k, places)].map { $0.transposed([0, 2, 1, 3]) }
      return ["scores": matmul(turned[0], turned[1].transposed([0, 1, 3, 2]))]
    }
    let (q, k) = (sequence([1, 3, 1, 6]), sequence([1, 3, 1, 6], 0.5))
    let here = try evaluate(model, [q, k, HostTensor(.int32, [1], [0])])[0]
    let there = try evaluate(model, [q, k, HostTensor(.int32, [1], [11])])[0]
    expectClose(here, there, within: 1e-9)
    #expect(here.values != (try evaluate(model, [q, q, HostTensor(.int32, [1], [0])])[0]).values)
  }

  /// Padding and the batch around it change nothing of a row.
  @Test(arguments: [NormalizationPlacement.before, .after, .none])
  func rowsAreTheSameAlone(_ placement: NormalizationPlacement) throws {
    let encoder = TransformerEncoder(
      shape {
        $0.placement = placement
        $0.keyHeads = 2
        $0.rotaryBase = 100
        $0.isGated = true
        $0.activation = .silu
        $0.normalization = placement == .before ? .rootMeanSquare : .layer
      }, layers: 2)
    let model = ClosureModel(encoder) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 8])
      return ["y": encoder(x, lengths: inputs.lengths())]
    }
    let x = sequence([2, 5, 8])
    let both = try evaluate(model, [x, HostTensor(.int32, [2], [5, 3])])[0]
    let alone = HostTensor(.float32, [1, 3, 8]) { x[[1, $0[1], $0[2]]] }
    let short = try evaluate(model, [alone, HostTensor(.int32, [1], [3])])[0]
    expectClose(short, HostTensor(.float32, [1, 3, 8]) { both[[1, $0[1], $0[2]]] })
  }

  @Test func causalPositionsDoNotSeeTheFuture() throws {
    let layer = MultiHeadAttention(shape { $0.isJoint = true })
    let model = ClosureModel(layer) { inputs in
      ["y": layer(inputs.tensor("x", .float32, ["batch", "time", 8]), isCausal: true)]
    }
    let x = sequence([1, 5, 8])
    let changed = HostTensor(.float32, [1, 5, 8]) { x[$0] + ($0[1] > 2 ? 1 : 0) }
    let (before, after) = (try evaluate(model, [x])[0], try evaluate(model, [changed])[0])
    #expect(before.values.prefix(24) == after.values.prefix(24))
    #expect(before.values.suffix(16) != after.values.suffix(16))
  }

  /// Keys of a group serve all of its heads: as if their weights were repeated.
  @Test func groupsShareKeysAndValues() throws {
    let layer = MultiHeadAttention(shape { $0.keyHeads = 2 })
    let model = ClosureModel(layer) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 8])
      guard let parts = layer.project(x) else { return [:] }
      let repeated = [parts.k, parts.v].map { part in
        part.slice(axis: 2, from: 0, size: 1).concatenated(
          with: [0, 1, 1].map { part.slice(axis: 2, from: Dimension(constant: $0), size: 1) },
          axis: 2)
      }
      let heads = ([parts.q] + repeated).map { $0.transposed([0, 2, 1, 3]) }
      let gathered = attention(heads[0], heads[1], heads[2]).transposed([0, 2, 1, 3])
      return ["y": layer(x), "expected": layer.output(gathered.reshaped(to: x.shape))]
    }
    let results = try evaluate(model, [sequence([2, 3, 8])])
    expectClose(results[0], results[1])
  }

  @Test func parametersAreNamedByTheirLayers() throws {
    var bert = BERT.Configuration()
    (bert.layers, bert.vocabulary, bert.head) = (1, 10, .maskedLanguageModel)
    let names = try BERT(bert).traced().module.parameters.map(\.name)
    #expect(
      names == [
        "embeddings.token.weight", "embeddings.position.weight", "embeddings.segment.weight",
        "embeddings.norm.weight", "embeddings.norm.bias",
      ]
        + ["query", "key", "value", "output"].flatMap { part in
          ["weight", "bias"].map { "encoder.layers.0.attention.\(part).\($0)" }
        }
        + [
          "attentionNorm.weight", "attentionNorm.bias", "feedForward.up.weight",
          "feedForward.up.bias", "feedForward.down.weight", "feedForward.down.bias",
          "feedForwardNorm.weight", "feedForwardNorm.bias",
        ].map { "encoder.layers.0.\($0)" }
        + [
          "prediction.transform.weight", "prediction.transform.bias", "prediction.norm.weight",
          "prediction.norm.bias", "prediction.bias",
        ])
    var gpt = GPT.Configuration()
    (gpt.layers, gpt.vocabulary) = (1, 10)
    let joint = try GPT(gpt).traced().module.parameters.first {
      $0.name == "decoder.layers.0.attention.joint.weight"
    }
    #expect(joint?.type.staticShape == [768, 2304])
  }

  @Test func oddWidthsAreRefused() throws {
    let model = ClosureModel { inputs in
      ["y": SinusoidalPositions(5)(inputs.tensor("positions", .int32, ["n"]))]
    }
    #expect(throws: ModelError.self) { try model.traced() }
  }
}
