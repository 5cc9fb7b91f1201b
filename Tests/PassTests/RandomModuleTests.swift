import SequentCompiler
import SequentIR
import TestSupport
import Testing

/// Passes on modules drawn at random: they verify, the numbers stay, a second run changes nothing.
@Suite struct RandomModuleTests {
  static let seeds = UInt64(0)..<24

  @Test(arguments: seeds) func compositions(_ seed: UInt64) throws {
    try check(.randomCompositions(seed: seed)) { try $0.sampleResults(seed: seed) }
  }

  @Test(arguments: seeds) func primitives(_ seed: UInt64) throws {
    let graph = try RandomGraph(seed: seed)
    let evaluator = Evaluator(parameters: try graph.parameters())
    let inputs = try graph.inputs(batch: 3, time: 4)
    try check(graph.module) { try evaluator.evaluate($0.functions[0], inputs) }
  }

  private func check(
    _ module: Module, evaluate: (Module) throws -> [HostTensor]
  ) throws {
    try verify(module)
    let expected = try evaluate(module)
    func compare(_ result: Module, _ what: String) throws {
      for (actual, expected) in zip(try evaluate(result), expected) {
        let difference = Tolerance(absolute: 1e-8, relative: 1e-8).difference(actual, expected)
        #expect(difference == nil, "\(what)\n\(module)\n\(result)")
      }
    }
    for pass in Pipelines.all {
      let once = try PassManager([pass]).run(module).module
      try compare(once, pass.name)
      let twice = try PassManager([pass]).run(once).module
      #expect(twice == once, "\(pass.name)\n\(once)\n\(twice)")
      let options = CompilerOptions(disabledPasses: [pass.name])
      try compare(compile(module, options: options).module, "without \(pass.name)")
    }
    try compare(compile(module).module, "all passes")
  }
}
