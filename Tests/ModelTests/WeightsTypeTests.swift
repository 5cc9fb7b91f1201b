import Foundation
import SequentCompiler
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// Models whose matrices are bfloat16, in memory and in artifacts.
@Suite struct WeightsTypeTests {
  private static func decoder(isJoint: Bool) throws -> TracedModel {
    var configuration = GPT.Configuration()
    (configuration.vocabulary, configuration.width, configuration.layers) = (37, 16, 2)
    (configuration.heads, configuration.feedForward, configuration.context) = (2, 33, 24)
    configuration.isJoint = isJoint
    return try GPT(configuration).traced()
  }

  private static func inputs() throws -> [String: TensorData] {
    [
      "tokens": try .int32((0..<10).map { Int32($0 * 7 % 37) }, shape: [2, 5]),
      "lengths": try .int32([5, 3], shape: [2]),
    ]
  }

  private func folder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  /// The same model in float32 with the weights that a file holds.
  private func widened(_ traced: TracedModel, _ file: SafetensorsFile) throws -> CompiledModel {
    var tensors: [String: TensorData] = [:]
    for name in file.tensorNames { tensors[name] = try file.tensor(named: name) }
    return try CompiledModel(traced, weights: TensorCollection(tensors))
  }

  /// A folder's path, and products that round nothing but weights.
  private func folderOfRoundedWeights<Result>(_ body: (String) throws -> Result) throws -> Result {
    try InstructionSets.withoutRoundingActivations { try folder(body) }
  }

  @Test(arguments: [true, false])
  func `artifacts hold matrices in two bytes, and give the bits of the rounded weights`(
    isJoint: Bool
  ) throws {
    let traced = try Self.decoder(isJoint: isJoint)
    try folderOfRoundedWeights { folder in
      let model = try CompiledModel(traced, seed: 3, weightsType: .bfloat16)
      let path = "\(folder)/half.sequent"
      try model.write(to: path)
      let file = try SafetensorsFile(path: path)
      for parameter in traced.module.parameters {
        let isMatrix = parameter.type.shape.count == 2
        #expect(file.storedType(of: parameter.name) == (isMatrix ? "BF16" : "F32"))
      }
      let again = try CompiledModel(path: path)
      #expect(again.rounding == model.rounding && again.weightsType == .bfloat16)
      #expect(again.parameterBytes == model.parameterBytes)
      let inputs = try Self.inputs()
      let expected = try widened(traced, file).session(threads: 1).run(inputs)
      for (model, threads) in [(model, 2), (again, 1), (again, 2)] {
        #expect(try model.session(threads: threads).run(inputs) == expected)
      }
      // Written again from the file, it stays what it is.
      try again.write(to: "\(folder)/again.sequent")
      let contents = try ["half", "again"].map {
        try Data(contentsOf: URL(filePath: "\(folder)/\($0).sequent"))
      }
      #expect(contents[0] == contents[1])
    }
  }

  @Test(arguments: [true, false])
  func `products that round activations stay near, with the same bits read as a whole or in steps`(
    isJoint: Bool
  ) throws {
    let traced = try Self.decoder(isJoint: isJoint)
    func logits(_ model: CompiledModel, threads: Int) throws -> [Float] {
      let outputs = try model.session(threads: threads).run(Self.inputs())
      guard case .float32(let values)? = outputs["logits"]?.elements else { return [] }
      return values
    }
    let model = try CompiledModel(traced, seed: 3, weightsType: .bfloat16)
    let values = try logits(model, threads: 1)
    #expect(try logits(model, threads: 2) == values)
    let exact = try InstructionSets.withoutRoundingActivations {
      try logits(CompiledModel(traced, seed: 3, weightsType: .bfloat16), threads: 1)
    }
    for (value, exact) in zip(values, exact) {
      #expect(abs(value - exact) <= 0x1p-6 * (1 + abs(exact)))
    }
    #expect((values == exact) == !InstructionSets.roundsActivations)
    guard case .int32(let tokens)? = try Self.inputs()["tokens"]?.elements else { return }
    let reader = try CachedReader(model.executable)
    try reader.start([Array(tokens[0..<3])])
    for place in 2..<5 {
      if place > 2 { try reader.read([tokens[place]]) }
      let step = try reader.withLogits { logits in logits.indices.map { logits[$0] } }
      #expect(step == Array(values[place * 37..<(place + 1) * 37]))
    }
  }

  @Test func `every matrix that is multiplied or looked up in stays in two bytes`() throws {
    let model = try CompiledModel(
      Self.decoder(isJoint: false), seed: 3, weightsType: .bfloat16)
    for (function, sizes): (String, Bindings) in [
      ("main", ["batch": 2, "time": 5]), ("step", ["rows": 2, "keys": 8, "slots": 16]),
    ] {
      let kernels = try model.executable.plan(function: function, sizes).instructions.map(\.kernel)
      #expect(kernels.contains { $0.name == "embedding.bf16" })
      for case .gemm(let gemm) in kernels where gemm.isPacked { #expect(gemm.isBfloat16) }
      #expect(kernels.filter { $0.name == "gemm.bf16" }.count >= 9)
    }
  }

  @Test func `recurrent layers run on rounded weights`() throws {
    let traced = try LanguageOfWord().traced()
    let model = try CompiledModel(traced, seed: 5, weightsType: .bfloat16)
    let rounding = try #require(model.rounding)
    #expect(rounding.largest > 0x1p-9 && rounding.largest <= 0x1p-8)
    let inputs: [String: TensorData] = [
      "tokens": try .int32((0..<12).map { Int32($0 + 2) }, shape: [3, 4]),
      "lengths": try .int32([4, 1, 3], shape: [3]),
    ]
    try folderOfRoundedWeights { folder in
      try model.write(to: "\(folder)/half.sequent")
      let file = try SafetensorsFile(path: "\(folder)/half.sequent")
      #expect(
        try CompiledModel(path: "\(folder)/half.sequent").session().run(inputs)
          == widened(traced, file).session().run(inputs))
    }
  }

  @Test func `hostile weights`() throws {
    let traced = try Self.decoder(isJoint: true)
    let name = try #require(traced.module.matrixNames.first)
    func weights(_ value: Float) throws -> TensorCollection {
      let first = try traced.module.initialWeights(seed: 1)
      var tensors: [String: TensorData] = [:]
      for name in first.tensorNames { tensors[name] = try first.tensor(named: name) }
      guard case .float32(var values)? = tensors[name]?.elements else { return first }
      values[1] = value
      tensors[name] = try .float32(values, shape: tensors[name]?.shape ?? [])
      return TensorCollection(tensors, name: "weights.npz")
    }
    for value: Float in [.nan, .infinity, 0x1p-149, -0x1.fep127] {
      let model = try CompiledModel(traced, weights: weights(value), weightsType: .bfloat16)
      #expect(model.rounding.map { $0.largest <= 0x1p-8 } == true)
      try folder { folder in
        try model.write(to: "\(folder)/a.sequent")
        let stored = try SafetensorsFile(path: "\(folder)/a.sequent").tensor(named: name)
        guard case .float32(let values) = stored.elements else { return }
        #expect(values[1] == Bfloat16.rounded(value) || (values[1].isNaN && value.isNaN))
      }
    }
    #expect {
      _ = try CompiledModel(traced, weights: weights(3.4e38), weightsType: .bfloat16)
    } throws: {
      "\($0)" == "weights.npz: tensor \(name): it holds 3.4e+38, which has no place in bf16"
    }
  }
}
