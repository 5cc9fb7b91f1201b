import Foundation
import Sequent
import SequentCompiler
import SequentIR
import TestSupport
import Testing

@Suite struct AttentionTests {
  /// The two modules of a golden test, each function as a module's `main`.
  private func functions(of golden: String) throws -> [(before: Module, after: Module)] {
    let found = try Golden.all(in: "Goldens").first { $0.description == golden }
    let text = try String(contentsOf: try #require(found).file, encoding: .utf8)
    let modules = try text.components(separatedBy: "// -----\n").map { try Module(parsing: $0) }
    let alone = modules.map { module in
      module.functions.map { function in
        var alone = module
        alone.functions = [
          Function(name: "main", graph: function.graph, resultNames: function.resultNames)
        ]
        return alone
      }
    }
    return zip(alone[0], alone[1]).map { ($0, $1) }
  }

  @Test func everySpellingMeansTheSameFused() throws {
    let bindings: Bindings = ["batch": 2, "time": 3, "past": 4]
    for (before, after) in try functions(of: "fuse-attention") {
      #expect(mnemonics(after).contains { $0.hasSuffix("attention") } && before != after)
      let results = try [before, after].map { try $0.sampleResults(bindings) }
      for (expected, actual) in zip(results[0], results[1]) {
        #expect(Tolerance(absolute: 1e-9, relative: 1e-9).difference(actual, expected) == nil)
      }
    }
  }

  /// Self-attention over projections, as a layer's own axes have it.
  private struct SelfAttention: Model {
    let projection = Linear(8, 24)

    init(_ configuration: NoConfiguration) {}

    func main(_ inputs: Inputs) -> Outputs {
      let x = inputs.tensor("x", .float32, ["batch", "time", 8])
      let heads = projection(x).reshaped(to: ["batch", "time", 6, 4]).transposed([0, 2, 1, 3])
      let (q, k, v) = (
        heads.slice(axis: 1, from: 0, size: 2), heads.slice(axis: 1, from: 2, size: 2),
        heads.slice(axis: 1, from: 4, size: 2)
      )
      let context = attention(q, k, v, mask: causalMask(q, k))
      return ["y": context.transposed([0, 2, 1, 3]).reshaped(to: ["batch", "time", 8])]
    }
  }

  @Test func aModelsOwnAttentionIsOneKernel() throws {
    let module = try SelfAttention(NoConfiguration()).traced().module
    let (fused, report) = try compile(module)
    let moves = ["linear", "reshape", "slice", "transpose"]
    #expect(mnemonics(fused).filter { !moves.contains($0) } == ["attention"])
    #expect(try difference(fused, module) == nil)
    let texts = report.explanations.map(\.message)
    #expect(texts.contains("fused attention, scale 0.5, causal"), "\(texts)")
  }
}
