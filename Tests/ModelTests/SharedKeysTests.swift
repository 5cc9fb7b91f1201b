import SequentCompiler
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// What rows share is in memory once: a step reads it through the table.
@Suite struct SharedKeysTests {
  private static let copying = CompilerOptions(disabledPasses: ["fuse-attention-gather"])

  private static func gpt(
    _ options: CompilerOptions = CompilerOptions(), keyHeads: Int = 4
  ) throws -> CompiledModel {
    var configuration = GPT.Configuration()
    (configuration.vocabulary, configuration.width, configuration.layers) = (40, 32, 2)
    (configuration.heads, configuration.keyHeads) = (4, keyHeads)
    (configuration.feedForward, configuration.context) = (48, 4096)
    return try CompiledModel(GPT(configuration).traced(), options: options)
  }

  private func mnemonics(_ model: CompiledModel) throws -> [String] {
    try #require(model.executable.module.function("step")).graph.nodes.map(
      \.operation.rule.mnemonic)
  }

  private func arenaBytes(_ model: CompiledModel, _ sizes: Bindings) throws -> Int {
    let step = try model.executable.session(function: "step", threads: 2)
    try step.bind(sizes)
    return try #require(step.plan).arenaBytes
  }

  @Test(arguments: [4, 2, 1])
  func `a step's memory doesn't grow with rows times keys`(keyHeads: Int) throws {
    let model = try Self.gpt(keyHeads: keyHeads)
    let operations = try mnemonics(model)
    #expect(!operations.contains("broadcast") && operations.contains("attention"))
    let bytes = try [1024, 2048].map {
      try arenaBytes(model, ["rows": 64, "keys": $0, "slots": 4096])
    }
    #expect(bytes[0] == bytes[1])
    let copying = try arenaBytes(
      Self.gpt(Self.copying, keyHeads: keyHeads), ["rows": 64, "keys": 2048, "slots": 4096])
    #expect(copying > bytes[1] + 64 * 2048 * keyHeads * 8 * 4)
  }

  @Test func `a step of an encoder-decoder doesn't copy what was read`() throws {
    var translator = Transformer.Configuration()
    (translator.width, translator.heads, translator.feedForward) = (32, 4, 48)
    (translator.encoderLayers, translator.decoderLayers, translator.context) = (1, 2, 8)
    let models = try [
      CompiledModel(Transformer(translator).traced()),
      CompiledModel(Pronounce(Pronounce.Configuration()).traced()),
    ]
    for (model, heads) in zip(models, [4, 1]) {
      let sizes = [100, 3000].map {
        ["rows": 64, "sources": 2, "source_time": $0, "keys": 32, "slots": 256] as Bindings
      }
      let bytes = try sizes.map { try arenaBytes(model, $0) }
      // What shows what it attends to has a number for every key and head, and their mean.
      #expect(
        bytes[1] - bytes[0] <= (heads + 1) * 64 * 2900 * 4, "\(model.executable.module.name)")
      let operations = try mnemonics(model)
      #expect(!operations.contains("softmax"), "\(operations)")
    }
  }

  /// Rows that begin alike, are forked, go apart and end.
  @Test(arguments: [4, 2])
  func `a reader's logits are those of copied keys, bit for bit`(keyHeads: Int) throws {
    var all: [[[UInt32]]] = []
    for options in [CompilerOptions(), Self.copying] {
      let reader = try CachedReader(Self.gpt(options, keyHeads: keyHeads).executable, threads: 2)
      var logits: [[UInt32]] = []
      let keep = {
        try logits.append(reader.withLogits { span in span.indices.map { span[$0].bitPattern } })
      }
      try reader.start([(0..<300).map { Int32($0 * 7 % 40) }, [3, 1]])
      try keep()
      reader.select(rows: Array(repeating: 0, count: 17) + [1, 1])
      for step in 0..<20 {
        try reader.read((0..<reader.rowCount).map { Int32(($0 * step + step) % 40) })
        try keep()
        if step == 9 { reader.select(rows: [3, 3, 18, 0, 5]) }
      }
      all.append(logits)
    }
    #expect(all[0] == all[1])
  }
}
