import SequentIR
import Testing

@testable import Sequent

/// Weights, an input and the output of one of the fixtures' cases.
struct FixtureCase: Sendable, CustomStringConvertible {
  let file: String
  let name: String
  let layer: RecurrentReference

  init(_ file: String, _ name: String, _ layer: RecurrentReference) {
    self.file = file
    self.name = name
    self.layer = layer
  }

  var description: String { "\(file) \(name)" }

  private var prefix: String { name.isEmpty ? "" : "\(name)/" }

  func tensor(_ name: String) throws -> TensorData? {
    let source = try openTensors(path: fixture(file))
    guard source.description(of: prefix + name) != nil else { return nil }
    return try source.tensor(named: prefix + name)
  }

  /// The case's weights, under the names that the library gave them.
  func weights() throws -> TensorCollection {
    let source = try openTensors(path: fixture(file))
    let start = "\(prefix)weights/"
    var weights: [String: TensorData] = [:]
    for name in source.tensorNames where name.hasPrefix(start) && !name.contains("seed_generator") {
      weights[String(name.dropFirst(start.count))] = try source.tensor(named: name)
    }
    return TensorCollection(weights, name: file)
  }
}

@Suite struct CheckpointTests {
  static let cases: [FixtureCase] = [
    FixtureCase("pytorch.safetensors", "rnn", .init(kind: .rnn)),
    FixtureCase("pytorch.safetensors", "lstm", .init(kind: .lstm)),
    FixtureCase("pytorch.safetensors", "lstm-no-bias", .init(kind: .lstm, hasBias: false)),
    FixtureCase("pytorch.safetensors", "gru", .init(kind: .gru, resetsAfter: true)),
    FixtureCase(
      "pytorch.safetensors", "rnn-deep", .init(kind: .rnn, layers: 2, isBidirectional: true)),
    FixtureCase(
      "pytorch.safetensors", "lstm-deep", .init(kind: .lstm, layers: 2, isBidirectional: true)),
    FixtureCase(
      "pytorch.safetensors", "gru-deep",
      .init(kind: .gru, layers: 2, isBidirectional: true, resetsAfter: true)),
    FixtureCase(
      "pytorch.safetensors", "lstm-deep-ragged",
      .init(kind: .lstm, layers: 2, isBidirectional: true)),
    FixtureCase(
      "pytorch.safetensors", "gru-deep-ragged",
      .init(kind: .gru, layers: 2, isBidirectional: true, resetsAfter: true)),
    FixtureCase("keras.safetensors", "rnn", .init(kind: .rnn)),
    FixtureCase("keras.safetensors", "lstm", .init(kind: .lstm)),
    FixtureCase("keras.safetensors", "lstm-both", .init(kind: .lstm, isBidirectional: true)),
    FixtureCase("keras.safetensors", "gru-after", .init(kind: .gru, resetsAfter: true)),
    FixtureCase("keras.safetensors", "gru-before", .init(kind: .gru)),
    FixtureCase("keras-lstm.npz", "", .init(kind: .lstm)),
    FixtureCase("onnx.safetensors", "rnn", .init(kind: .rnn)),
    FixtureCase("onnx.safetensors", "lstm", .init(kind: .lstm)),
    FixtureCase("onnx.safetensors", "lstm-both", .init(kind: .lstm, isBidirectional: true)),
    FixtureCase(
      "onnx.safetensors", "gru-after",
      .init(kind: .gru, isBidirectional: true, resetsAfter: true)),
    FixtureCase("onnx.safetensors", "gru-before", .init(kind: .gru, isBidirectional: true)),
  ]

  /// The library's weights, in Sequent's equations, give the library's output.
  @Test(arguments: cases)
  func importedWeightsMeanTheSame(_ test: FixtureCase) throws {
    let layer = test.layer
    let parameters = try importCheckpoint(test.weights(), for: layer.parameters)
    for parameter in layer.parameters {
      #expect(parameters[parameter.name]?.shape == parameter.shape, "\(parameter.name)")
    }
    let input = try #require(try test.tensor("input"))
    let output = try #require(try test.tensor("output"))
    let (batch, time) = (input.shape[0], input.shape[1])
    let whole = [Int32](repeating: Int32(time), count: batch)
    let lengths = try test.tensor("lengths")?.integers ?? whole
    for row in 0..<batch {
      let x = (0..<time).map { step in
        let start = (row * time + step) * layer.input
        return input.floats[start..<start + layer.input].map { Double($0) }
      }
      let result = layer.run(x, length: Int(lengths[row]), parameters).flatMap { $0 }
      let start = row * result.count
      let expected = output.floats[start..<start + result.count]
      let error = zip(result, expected).map { abs($0 - Double($1)) }.max() ?? .infinity
      #expect(error < 1e-6, "row \(row)")
    }
  }

  @Test func linearLayersTurnAsTheLibraryStoresThem() throws {
    let parameters = [
      ParameterSpecification(name: "head.weight", shape: [2, 3], role: .linear),
      ParameterSpecification(name: "head.bias", shape: [3], role: .vector),
      ParameterSpecification(name: "words.weight", shape: [4, 2], role: .embedding),
      ParameterSpecification(name: "norm.weight", shape: [2], role: .vector),
      ParameterSpecification(name: "norm.bias", shape: [2], role: .vector),
    ]
    let ours = try TensorData.float32([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let turned = try TensorData.float32([1, 4, 2, 5, 3, 6], shape: [3, 2])
    let words = try TensorData.float32([0, 1, 2, 3, 4, 5, 6, 7], shape: [4, 2])
    let (bias, scale, shift) = try (
      TensorData.float32([7, 8, 9], shape: [3]), TensorData.float32([1, 2], shape: [2]),
      TensorData.float32([3, 4], shape: [2])
    )
    let expected = [
      "head.weight": ours, "head.bias": bias, "words.weight": words, "norm.weight": scale,
      "norm.bias": shift,
    ]
    let pytorch = TensorCollection([
      "module.head.weight": turned, "module.head.bias": bias, "module.words.weight": words,
      "module.norm.weight": scale, "module.norm.bias": shift,
      "module.embeddings.position_ids": try .int32([0], shape: [1]),
    ])
    let keras = TensorCollection([
      "model/head/kernel:0": ours, "model/head/bias:0": bias, "model/words/embeddings:0": words,
      "model/norm/gamma:0": scale, "model/norm/beta:0": shift,
      "seed_generator/seed_generator_state": try .int32([0], shape: [1]),
    ])
    let own = TensorCollection(expected, metadata: ["sequent.format": "1"])
    for source in [pytorch, keras, own] {
      #expect(try importCheckpoint(source, for: parameters) == expected)
    }
  }

  @Test func namesEverythingThatDiffersAtOnce() throws {
    var weights = try Self.cases[1].weights()
    let moved = try weights.tensor(named: "encoder.weight_ih_l0")
    var tensors: [String: TensorData] = [:]
    for name in weights.tensorNames { tensors[name] = try weights.tensor(named: name) }
    tensors["encoder.weight_ih_l0"] = nil
    tensors["encoder.weight_ih_10"] = moved
    tensors["encoder.bias_hh_l0"] = try .float32([1], shape: [1])
    tensors["decoder.weight"] = try .float32([1, 2], shape: [2])
    weights = TensorCollection(tensors, name: "model.safetensors")
    let head = ParameterSpecification(name: "head.weight", shape: [5, 8], role: .linear)
    let parameters = Self.cases[1].layer.parameters + [head]
    let text = message { _ = try importCheckpoint(weights, for: parameters) }
    #expect(
      text == """
        model.safetensors: does not fit the model, read as a PyTorch checkpoint:
          missing: encoder.weight_ih_l0 [20, 3], for the model's \
        encoder.layer0.forward.input.input_weight and 3 more; did you mean encoder.weight_ih_10?
          shape: encoder.bias_hh_l0 is [1] in the checkpoint, the model's \
        encoder.layer0.forward.input.bias and 3 more needs [20]
          missing: head.weight [8, 5], for the model's head.weight
          left over: decoder.weight [2]
          left over: encoder.weight_ih_10 [20, 3]
        """)
  }

  @Test func saysWhatALibraryCannotExpress() throws {
    let gru = try Self.cases[3].weights()
    let before = RecurrentReference(kind: .gru).parameters
    #expect(
      message { _ = try importCheckpoint(gru, for: before) }.contains(
        "not possible: encoder.layer0.forward: PyTorch has no GRU that resets before"))
    let keras = try Self.cases[13].weights()
    let after = RecurrentReference(kind: .gru, resetsAfter: true).parameters
    #expect(
      message { _ = try importCheckpoint(keras, for: after) }.contains(
        "shape: model/encoder/gru_cell/bias is [15] in the checkpoint"))
    let integers = TensorCollection(["w": try .int32([1], shape: [1])])
    let floats = [ParameterSpecification(name: "w", shape: [1], role: .other)]
    #expect(
      message { _ = try importCheckpoint(integers, for: floats) }
        .contains("type: w is i32 in the checkpoint, the model's w is f32"))
  }

  @Test func tellsConventionsApart() throws {
    func detected(_ names: [String]) throws -> CheckpointConvention {
      let tensor = try TensorData.float32([], shape: [0])
      return try .detected(in: TensorCollection(Dictionary(names.map { ($0, tensor) }) { $1 }))
    }
    #expect(try detected(["head.weight"]) == .pytorch)
    #expect(try detected(["e.weight_ih_l0_reverse", "head.weight"]) == .pytorch)
    #expect(try detected(["e/kernel:0"]) == .keras)
    #expect(try detected(["e.W", "e.R"]) == .onnx)
    #expect(try detected(["e.layer0.forward.state.input_weight"]) == .sequent)
    #expect(
      message { _ = try detected(["e.kernel", "e.weight_hh_l0"]) }
        .contains("names of PyTorch and of Keras"))
  }
}
