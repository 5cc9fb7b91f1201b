import SequentCompiler
import SequentIR
import TestSupport
import Testing

/// Whole layers with every pass, and with each one switched off: the numbers stay.
@Suite struct PipelineTests {
  static let cases = RecurrentSequenceTests.stacks.flatMap { stack in
    Pipelines.all.map { (stack, $0.name) }
  }

  @Test(arguments: cases) func anyPassMayBeOff(_ stack: Textbook.Stack, _ name: String) throws {
    let module = try Textbook.module(stack)
    let result = try compile(module, options: CompilerOptions(disabledPasses: [name])).module
    #expect(try difference(result, module) == nil)
  }

  @Test(arguments: cases) func anyPassMayRunAlone(_ stack: Textbook.Stack, _ name: String) throws {
    let module = try Textbook.module(stack)
    let pass = try Pipelines.passes(named: [name])
    let once = try PassManager(pass).run(module).module
    #expect(try difference(once, module) == nil)
    let twice = try PassManager(pass).run(once).module
    #expect(twice == once, "\(once)\n\(twice)")
  }

  @Test(arguments: [
    (RecurrentCellKind.lstm, ["matmul", "recurrent_cell"]),
    // The candidate's own bias: fuse-epilogue puts it into the product.
    (.gruResetAfter, ["linear", "recurrent_cell"]),
    (.rnnTanh, ["linear"]),
  ])
  func withoutSequencesAStepIsOneProductAndOneCell(
    _ cell: RecurrentCellKind, _ body: [String]
  ) throws {
    var stack = Textbook.Stack(cell)
    (stack.isBidirectional, stack.isRagged) = (true, true)
    let module = try Textbook.module(stack)
    let options = CompilerOptions(disabledPasses: ["fuse-recurrent-sequence"])
    let result = try compile(module, options: options).module
    let bodies = result.functions[0].graph.nodes.compactMap { node -> [String]? in
      guard case .scan(let scan) = node.operation else { return nil }
      return scan.body.nodes.map(\.operation.rule.mnemonic)
    }
    #expect(bodies == [body, body])
  }
}
