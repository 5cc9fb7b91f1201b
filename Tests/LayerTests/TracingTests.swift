import SequentExamples
import SequentIR
import Testing

@testable import Sequent

/// A model of a closure, for tests.
struct ClosureModel: Model {
  var layers: [any Sendable] = []
  var body: @Sendable (Inputs) -> Outputs = { _ in [:] }

  init() {}

  init(_ layers: any Sendable..., body: @escaping @Sendable (Inputs) -> Outputs) {
    self.layers = layers
    self.body = body
  }

  func main(_ inputs: Inputs) -> Outputs { body(inputs) }
}

@Suite struct TracingTests {
  @Test func namesParametersByPath() throws {
    let module = try LanguageOfWord().traced().module
    let names = module.parameters.map(\.name)
    #expect(names.first == "embedding.weight")
    #expect(names.contains("encoder.layer1.backward.forget.hidden_weight"))
    #expect(names.suffix(2) == ["head.weight", "head.bias"])
    #expect(module.parameters.count == 1 + 4 * 4 * 3 + 2)
  }

  @Test func namesOutputsWithSymbolicShapes() throws {
    let function = try #require(try LanguageOfWord().traced().module.function("main"))
    #expect(
      function.inputs.map { "\($0.name): \($0.type)" }
        == ["tokens: i32[batch, time]", "lengths: i32[batch]"])
    #expect(function.outputs.map { "\($0.name): \($0.type)" } == ["logits: f32[batch, 8]"])
  }

  @Test func scansOncePerLayerAndDirection() throws {
    let graph = try #require(try LanguageOfWord().traced().module.function("main")).graph
    let scans = graph.nodes.filter { if case .scan = $0.operation { true } else { false } }
    #expect(
      scans.map(\.origin.layer) == [
        "encoder.layer0.forward", "encoder.layer0.backward", "encoder.layer1.forward",
        "encoder.layer1.backward",
      ])
    #expect(
      scans.allSatisfy { $0.origin.location?.description.hasPrefix("LanguageOfWord") == true })
  }

  @Test func shapeMistakeNamesLayerOperandsAndLine() throws {
    let head = Linear(192, 8)
    let line = #line + 2
    let model = ClosureModel(head) { inputs in
      ["y": head(inputs.tensor("pooled", .float32, ["batch", 96]))]
    }
    let error = try #require(throws: ModelError.self) { try model.traced() }
    #expect(
      error.description == """
        TracingTests.swift:\(line): layers.0: matmul: inner dimensions of f32[batch, 96] and \
        f32[192, 8] differ: 96 and 192 (operands %pooled: f32[batch, 96], @layers.0.weight: f32[192, 8])
        """)
  }

  @Test func mistakeInsideRecurrentLayerNamesTheCell() throws {
    let encoder = LSTM(8, 4)
    let model = ClosureModel(encoder) { inputs in
      ["y": encoder(inputs.tensor("x", .float32, ["batch", "time", 9])).output]
    }
    let error = try #require(throws: ModelError.self) { try model.traced() }
    #expect(error.description.contains("layers.0.layer0.forward: input is f32[batch, time, 9]"))
  }

  @Test func firstMistakeIsTheOneReported() throws {
    let model = ClosureModel { inputs in
      let x = inputs.tensor("x", .float32, ["batch", 3])
      let y = inputs.tensor("y", .float32, ["batch", 4])
      let broken = x + y
      return ["z": matmul(broken, broken)]
    }
    let error = try #require(throws: ModelError.self) { try model.traced() }
    #expect(error.message.hasPrefix("add: shapes [batch, 3] and [batch, 4] differ in axis -1"))
  }

  @Test func weightOutsideOfPropertiesIsRefused() throws {
    let model = ClosureModel { inputs in
      ["y": Linear(3, 4)(inputs.tensor("x", .float32, ["batch", 3]))]
    }
    let error = try #require(throws: ModelError.self) { try model.traced() }
    #expect(error.message.contains("no property of the model leads to"))
  }

  @Test func sharedWeightIsOneParameter() throws {
    let layer = Linear(4, 4)
    let model = ClosureModel(layer, layer) { inputs in
      ["y": layer(layer(inputs.tensor("x", .float32, ["batch", 4])))]
    }
    #expect(
      try model.traced().module.parameters.map(\.name) == [
        "layers.0.weight", "layers.0.bias",
      ])
  }

  @Test func settingsChangeTheConfiguration() throws {
    let module = try LanguageOfWord.configured(["hidden": "32", "layers": "1"]).traced().module
    #expect(module.parameter("head.weight")?.type.description == "f32[64, 8]")
    let error = try #require(throws: ConfigurationError.self) {
      try LanguageOfWord.configured(["hiden": "32"])
    }
    #expect(error.message.contains("no setting 'hiden'; it has embedding, hidden, layers"))
    #expect(throws: ConfigurationError.self) { try LanguageOfWord.configured(["hidden": "many"]) }
  }

  @Test func taskSurvivesJSON() throws {
    let task = try #require(LanguageOfWord().task)
    #expect(try ModelTask(json: task.json()) == task)
    #expect(task.text.encoder().encode("Zß?") == [27, 28, 1])
  }
}
