import SequentCompiler
import SequentIR
import TestSupport
import Testing

@Suite struct RandomGraphGradientTests {
  /// Gradients of random graphs over all primitive operations, scans with lengths among them.
  @Test func randomGraphs() throws {
    var checked = 0
    for seed in 0..<150 as Range<UInt64> {
      let random = try RandomGraph(seed: seed)
      let function = try #require(random.module.function("main"))
      let parameters = try random.parameters()
      let inputs = try random.inputs(batch: 2, time: 3)
      for loss in function.outputs where loss.type.elementType == .float32 {
        var first = function
        let position = try #require(function.resultNames.firstIndex(of: loss.name))
        first.graph.results.swapAt(0, position)
        first.resultNames.swapAt(0, position)
        first.states = [:]
        let sources = parameters.keys.sorted().filter { name in
          first.graph.nodes.contains { node in
            node.operands.contains { first.graph.parameterName(of: $0) == name }
          }
        }
        let real = first.inputs.filter { $0.type.elementType == .float32 }.map(\.name)
        let value = try Evaluator(parameters: parameters).evaluate(first, inputs)[0]
        guard value.values.allSatisfy(\.isFinite) else { continue }
        try checkGradients(
          first, parameters: parameters, inputs: inputs, sources: sources + real,
          tolerance: 1e-4, "seed \(seed) \(loss.name)")
        checked += 1
      }
    }
    #expect(checked > 100)
  }
}
