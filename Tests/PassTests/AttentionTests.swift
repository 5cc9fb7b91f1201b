import Foundation
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
}
