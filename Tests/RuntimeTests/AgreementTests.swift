import SequentCompiler
import SequentIR
import TestSupport
import Testing

/// Drawn graphs over all primitive operations, scans among them, against the evaluator.
@Suite struct AgreementTests {
  @Test(arguments: 0..<60)
  func `kernels agree with the evaluator`(seed: UInt64) throws {
    let graph = try RandomGraph(seed: seed)
    let model = Model(graph.module, try graph.parameters())
    for (batch, time) in [(2, 3), (1, 1), (3, 0), (0, 2), (5, 4)] {
      let inputs = try graph.inputs(batch: batch, time: time)
      try withEachInstructionSet { isa in
        try model.check(inputs, "seed \(seed), batch \(batch), time \(time), \(isa):")
      }
    }
  }
}
