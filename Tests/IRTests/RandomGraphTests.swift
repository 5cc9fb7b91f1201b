import SequentIR
import TestSupport
import Testing

@Suite struct RandomGraphTests {
  static let seeds: Range<UInt64> = 0..<300

  @Test func verifyAndReadBackEqual() throws {
    for seed in Self.seeds {
      let module = try RandomGraph(seed: seed).module
      try verify(module)
      let parsed = try Module(parsing: module.text)
      #expect(parsed == module, "seed \(seed)")
      #expect(parsed.text == module.text, "seed \(seed)")
    }
  }

  @Test func wordsStandForOneOperationEach() {
    #expect(Set(Operation.mnemonics).count == Operation.mnemonics.count)
  }

  @Test func holdEveryPrimitive() throws {
    let fused =
      FusedLinear.mnemonics + FusedSoftmax.mnemonics + FusedAttention.mnemonics
      + FusedRecurrentCell.mnemonics + FusedRecurrentSequence.mnemonics
      + FusedNormalization.mnemonics + FusedEmbedding.mnemonics + FusedArgMax.mnemonics
    // What only differentiation, training and caches make; they have their own tests.
    let derived =
      Contract.mnemonics + ScatterAdd.mnemonics + Size.mnemonics + RandomUniform.mnemonics
      + FusedCrossEntropy.mnemonics + CrossEntropyGradient.mnemonics + OptimizerUpdate.mnemonics
      + RecurrentSequenceGradient.mnemonics + SplitTime.mnemonics + JoinTime.mnemonics
      + ChunkLengths.mnemonics + FusedAttentionGradient.mnemonics
      + NormalizationGradient.mnemonics + UpdateRows.mnemonics + StopGradient.mnemonics
    var missing = Set(Operation.mnemonics).subtracting(fused + derived)
    for seed in Self.seeds {
      for function in try RandomGraph(seed: seed).module.functions {
        missing.subtract(function.graph.nodes.map(\.operation.rule.mnemonic))
      }
    }
    #expect(missing.isEmpty)
  }

  @Test func evaluateToNumbers() throws {
    for seed in Self.seeds {
      let random = try RandomGraph(seed: seed)
      let function = try #require(random.module.function("main"))
      let results = try Evaluator(parameters: random.parameters()).evaluate(
        function, random.inputs(batch: 3, time: 4))
      #expect(results.count == function.resultNames.count)
      for result in results { #expect(result.values.allSatisfy { $0.isFinite }, "seed \(seed)") }
    }
  }
}
