import SequentCompiler
import SequentIR
import TestSupport
import Testing
import Foundation
@testable import SequentRuntime
@Test func debugPlan() throws {
  guard let s = ProcessInfo.processInfo.environment["SEED"], let seed = UInt64(s) else { return }
  let b = ProcessInfo.processInfo.environment["BT"]?.split(separator: ",").map { Int($0) ?? 0 } ?? [2, 3]
  let graph = try RandomGraph(seed: seed)
  let model = Model(graph.module, try graph.parameters())
  for n in graph.module.functions[0].graph.nodes { print(n.operation.rule.mnemonic, n.operation.rule.attributes.filter { $0.name != "body" }.map { "\($0)" }, graph.module.functions[0].graph.types(of: n.operands), graph.module.functions[0].graph.types(of: n.results)) }
  let ex = try model.executable()
  print(try ex.plan(Bindings(["batch": b[0], "time": b[1]])))
  let inputs = try graph.inputs(batch: b[0], time: b[1])
  let expected = try Evaluator(parameters: model.parameters).evaluate(model.function, inputs.map(\.rounded))
  let actual = try model.run(inputs.map(\.rounded), threads: 1)
  for (n, e) in zip(model.function.resultNames, expected) { if let a = actual[n] { print(n, Tolerance.float.difference(a, e) ?? "same") } }
}
