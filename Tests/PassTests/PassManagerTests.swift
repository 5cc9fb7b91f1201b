import SequentCompiler
import SequentIR
import TestSupport
import Testing

/// The manager: order, names, records, and what it costs.
@Suite struct PassManagerTests {
  @Test func unknownNamesAreErrorsWithTheList() throws {
    #expect {
      try PassManager(disabling: ["fuse-everything"])
    } throws: { error in
      "\(error)"
        == "no pass is called 'fuse-everything'; the passes are canonicalize, "
        + "hoist-loop-invariants, fuse-recurrent-sequence, hoist-input-projection, "
        + "merge-gate-matmuls, fuse-recurrent-cell, fuse-softmax-scale, fuse-attention, "
        + "fuse-attention-gather, fuse-normalization, fuse-cross-entropy, fuse-argmax, "
        + "fuse-epilogue, fuse-bias-gradient, fuse-embedding"
    }
    #expect(throws: CompilationError.self) { try Pipelines.passes(named: ["dead"]) }
  }

  @Test func theObserverSeesEveryChange() throws {
    let module = try Textbook.module(Textbook.Stack(.lstm))
    var seen: [String] = []
    var last = module
    let (result, report) = try compile(module) { pass, module in
      seen.append(pass)
      #expect(module != last)
      last = module
    }
    #expect(last == result)
    #expect(seen == report.entries.filter(\.didChange).map(\.pass))
    #expect(seen.contains("fuse-recurrent-sequence"))
    #expect(report.entries.map(\.pass) == Pipelines.optimize.map(\.name))
    #expect(report.entries.first { $0.pass == "fuse-recurrent-sequence" }?.counts["matched"] == 1)
  }

  @Test func disabledPassesDoNotRun() throws {
    let module = try Textbook.module(Textbook.Stack(.gruResetAfter))
    let options = CompilerOptions(disabledPasses: ["fuse-recurrent-sequence", "canonicalize"])
    let (result, report) = try compile(module, options: options)
    #expect(!report.entries.contains { $0.pass == "canonicalize" })
    #expect(!mnemonics(result).contains("recurrent_sequence"))
  }

  @Test func everyPassHasASummary() {
    for pass in Pipelines.all {
      #expect(!pass.summary.isEmpty)
      #expect(pass.name.allSatisfy { $0.isLowercase || $0 == "-" })
    }
  }
}
