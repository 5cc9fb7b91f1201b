import Foundation
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Checkpoints that `transformers` wrote, of random weights, compute what PyTorch computes with them.
@Suite struct PretrainedTests {
  private struct Expected: Decodable {
    struct Generation: Decodable {
      let prompt: [Int32]
      let logits: [[Float]]
      let continuation: [Int32]
    }
    struct Results: Decodable {
      let embedding: [[Float]]
      let classification: [[Float]]
      let labelling: [[[Float]]]
      let masked: [[[Float]]]
      let gpt2: Generation
    }
    let texts: [String]
    let results: Results

    init() throws {
      let data = try Data(contentsOf: URL(filePath: fixture("checkpoints/expected.json")))
      self = try JSONDecoder().decode(Self.self, from: data)
    }
  }

  private func model(_ name: String) throws -> CompiledModel {
    let pretrained = try PretrainedModel(folder: fixture("checkpoints/\(name)"))
    return try CompiledModel(pretrained.traced, weights: pretrained.weights())
  }

  private func isClose(_ values: some Sequence<Float>, _ expected: some Sequence<Float>) -> Bool {
    zip(values, expected).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($1)) }
  }

  /// The logits of texts in one batch, by row and token, or by row.
  private func logits(_ model: CompiledModel, _ texts: [String]) throws -> [[[Float]]] {
    let encoder = try model.task().text.encoder()
    let rows = texts.map(encoder.encode)
    let logits = try #require(try model.session().run(rows.modelInputs())["logits"])
    let width = try #require(logits.shape.last)
    let steps = logits.shape.count == 3 ? logits.shape[1] : 1
    return rows.indices.map { row in
      (0..<(steps == 1 ? 1 : rows[row].count)).map { step in
        Array(logits.floats[((row * steps + step) * width)...].prefix(width))
      }
    }
  }

  @Test func embeddingsArePyTorchs() throws {
    let expected = try Expected()
    let embedder = try model("embedding").embedder()
    let vectors = try embedder.embed(expected.texts)
    for (vector, wanted) in zip(vectors, expected.results.embedding) {
      #expect(vector.count == 16 && isClose(vector, wanted))
    }
    // The same bits alone, and in another order.
    #expect(try expected.texts.map { try embedder.embed([$0])[0] } == vectors)
    #expect(try embedder.embed(expected.texts.reversed()) == vectors.reversed())
    #expect(try embedder.embed([]) == [])
  }

  @Test func classesArePyTorchs() throws {
    let expected = try Expected()
    let model = try model("classification")
    for (rows, wanted) in zip(try logits(model, expected.texts), expected.results.classification) {
      #expect(rows[0].count == 3 && isClose(rows[0], wanted))
    }
    let best = expected.results.classification[0].indices.max {
      expected.results.classification[0][$0] < expected.results.classification[0][$1]
    }
    let answer = try model.predictor().predict([expected.texts[0]])[0].choices[0].text
    #expect(answer == ["bad", "good", "odd"][best ?? 0])
  }

  /// Out of three files and an index.
  @Test func labelsOfTokensArePyTorchs() throws {
    let expected = try Expected()
    let model = try model("labelling")
    for (rows, wanted) in zip(try logits(model, expected.texts), expected.results.labelling) {
      #expect(rows.count == wanted.count && isClose(rows.joined(), wanted.joined()))
    }
    // One label for each word: that of its first piece.
    let words = ["unaffordable", "x", "runners"]
    let encoder = try model.task().text.encoder()
    let (tokens, places) = encoder.encode(words: words)
    #expect(places.count == 3 && tokens.count > 5)
    let rows = try logits(model, [words.joined(separator: " ")])[0]
    let labels = places.map { place in
      ["O", "B", "I"][rows[place].indices.max { rows[place][$0] < rows[place][$1] } ?? 0]
    }
    let answer = try model.predictor().predict([words.joined(separator: "  ")])[0]
    #expect(answer.choices[0].text == labels.joined(separator: " "))
  }

  @Test func maskedTokensArePyTorchs() throws {
    let expected = try Expected()
    for (rows, wanted) in zip(
      try logits(model("masked"), expected.texts), expected.results.masked)
    {
      #expect(isClose(rows.map { $0.prefix(8) }.joined(), wanted.joined()))
    }
  }

  @Test func aLanguageModelGoesOnAsPyTorchDoes() throws {
    let wanted = try Expected().results.gpt2
    let model = try model("gpt2")
    let rows = try logits(model, ["The quick brown"])[0]
    #expect(rows.count == wanted.prompt.count)
    #expect(isClose(rows.map { $0.prefix(8) }.joined(), wanted.logits.joined()))
    var options = GenerationOptions()
    options.length = wanted.continuation.count
    options.sampling = .greedy
    let text = try model.generator().generate("The quick brown", options)
    let end = wanted.continuation.firstIndex(of: 600).map { $0 + 1 } ?? wanted.continuation.count
    #expect(text.tokens == Array(wanted.continuation[..<end]))
  }

  @Test func theArtifactIsTheSameModel() throws {
    try withTemporaryFolder { folder in
      let first = try model("embedding")
      try first.write(to: "\(folder)/m.sequent")
      let second = try CompiledModel(path: "\(folder)/m.sequent")
      #expect(try second.embedder().embed(["a b"]) == first.embedder().embed(["a b"]))
    }
  }

  // MARK: - Folders that are wrong

  /// What is said of a checkpoint after a change to a copy of it, without the folder's name.
  private func problem(
    _ name: String, _ change: (String) throws -> Void
  ) throws -> String {
    try withTemporaryFolder { folder in
      let copy = folder + "/c"
      try FileManager.default.copyItem(atPath: fixture("checkpoints/\(name)"), toPath: copy)
      try change(copy)
      let text = message { _ = try PretrainedModel(folder: copy).weights() }
      return text.replacing(copy + "/", with: "").replacing(copy, with: "folder")
    }
  }

  private func replace(_ old: String, _ new: String, in path: String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
  }

  @Test(arguments: [
    (#""bert""#, #""t5""#, #"config.json: model_type: "t5" is not supported; bert or gpt2 is"#),
    (#""BertModel""#, #""BertThing""#, #"config.json: architectures.0: "BertThing" is not"#),
    (#""hidden_act": "gelu""#, #""hidden_act": "selu""#, #"hidden_act: "selu" is not supported"#),
    (#""hidden_size": 16"#, #""hidden_size": -1"#, "hidden_size: -1, expected a whole number"),
    (#""hidden_size": 16"#, #""hidden_size": 18"#, "hidden_size 18 is not a multiple of 4 heads"),
    (#""hidden_size": 16"#, #""hidden": 16"#, "config.json: has no 'hidden_size'"),
    (#""vocab_size": "#, #""vocab_size": 1, "x": "#, "config.json: vocab_size: 1, but the tok"),
    (#""num_hidden_layers": 2"#, #""num_hidden_layers": 1"#, "left over: encoder.layer.1."),
    (#""num_hidden_layers": 2"#, #""num_hidden_layers": 3"#, "missing: encoder.layer.2."),
    (#""intermediate_size": 24"#, #""intermediate_size": 20"#, "is [24, 16] in the checkpoint"),
    ("{", "", "config.json: not valid JSON"),
  ])
  func configurationsThatDoNotFitAreNamed(_ old: String, _ new: String, _ reason: String) throws {
    let text = try problem("embedding") { try replace(old, new, in: "\($0)/config.json") }
    #expect(text.contains(reason), "\(text)")
  }

  @Test func filesThatAreMissingAreNamed() throws {
    let files = FileManager.default
    #expect(
      try problem("gpt2") { try files.removeItem(atPath: "\($0)/config.json") }
        .hasPrefix("config.json: no such file"))
    #expect(
      try problem("gpt2") { try files.removeItem(atPath: "\($0)/model.safetensors") }
        == "model.safetensors: not there")
    #expect(
      try problem("gpt2") {
        try files.moveItem(
          atPath: "\($0)/model.safetensors", toPath: "\($0)/pytorch_model.bin")
      }.hasPrefix("pytorch_model.bin: a pickle"))
    let shard = "model-00002-of-00003.safetensors"
    #expect(
      try problem("labelling") { try files.removeItem(atPath: "\($0)/\(shard)") }
        .hasPrefix("\(shard): no such file"))
    let index = "model.safetensors.index.json"
    #expect(
      try problem("labelling") {
        try replace("model-00003-of", "../model-00003-of", in: "\($0)/\(index)")
      }.contains("is not a file beside the index"))
    #expect(
      try problem("labelling") {
        try replace("model-00003-of", "model-00001-of", in: "\($0)/\(index)")
      }.contains("has no tensor of this name"))
    #expect(
      try problem("embedding") {
        try replace("Normalize", "Dense", in: "\($0)/modules.json")
      }.contains("Dense\" is not supported"))
    #expect(
      try problem("embedding") {
        try replace("mean_tokens", "max_tokens", in: "\($0)/1_Pooling/config.json")
      }.hasPrefix("1_Pooling/config.json: pools by pooling_mode_max_tokens"))
  }
}
