import SequentCompiler
import SequentIR
import TestSupport
import Testing

/// The mnemonics of a module's nodes, those of scan bodies after the scan's.
func mnemonics(_ module: Module) -> [String] {
  func list(_ graph: Graph) -> [String] {
    graph.nodes.flatMap { node -> [String] in
      guard case .scan(let scan) = node.operation else { return [node.operation.rule.mnemonic] }
      return ["scan"] + list(scan.body)
    }
  }
  return module.functions.flatMap { list($0.graph) }
}

/// Where the results of two modules differ first; nil when they do not.
func difference(_ actual: Module, _ expected: Module, seed: UInt64 = 1) throws -> String? {
  let tolerance = Tolerance(absolute: 1e-9, relative: 1e-9)
  for (a, b) in zip(
    try actual.sampleResults(seed: seed), try expected.sampleResults(seed: seed))
  {
    if let difference = tolerance.difference(a, b) { return difference }
  }
  return nil
}

@Suite struct RecurrentSequenceTests {
  static let stacks = RecurrentCellKind.allCases.flatMap { cell in
    [(1, false, false, true), (1, true, true, false), (2, true, true, true)].map {
      var stack = Textbook.Stack(cell)
      (stack.layers, stack.isBidirectional, stack.isRagged, stack.hasBias) = $0
      return stack
    }
  }

  @Test(arguments: stacks) func everyLayerIsOneSequence(_ stack: Textbook.Stack) throws {
    let module = try Textbook.module(stack)
    let (fused, report) = try compile(module)
    let operations = mnemonics(fused)
    #expect(operations.filter { $0 == "recurrent_sequence" }.count == stack.layers)
    // What is left makes the initial states and lays weights out.
    #expect(
      Set(operations).subtracting(["recurrent_sequence"]).isSubset(of: [
        "constant", "concatenate",
      ]))
    #expect(try difference(fused, module) == nil)
    let texts = report.explanations.map(\.description)
    #expect(
      texts.contains(
        "fuse-recurrent-sequence: layer0.forward (Book.swift:7): fused \(stack.cell.rawValue), "
          + (stack.isBidirectional ? "bidirectional" : "forward")), "\(texts)")
  }
}
