import SequentIR
import Testing

/// Each operation by hand, on every instruction set.
@Suite struct OperationTests {
  private func check(
    _ parameters: [String: HostTensor] = [:], _ inputs: [HostTensor],
    _ build: (inout Graph) throws -> Value
  ) throws {
    let model = try Model(parameters) { [("y", try build(&$0))] }
    try withEachInstructionSet { try model.check(inputs, $0) }
  }

  @Test(arguments: [0, 1, 3, 70])
  func `elementwise chain with a bias`(rows: Int) throws {
    try check(["b": .random([5], seed: 1)], [.random([rows, 5], seed: 2)]) { graph in
      let x = graph.addArgument(TensorType(.float32, ["rows", 5]), name: "x")
      let b = graph.parameter("b", TensorType(.float32, [5]))
      let sum = try graph.append(.binary(.add), x, b)
      let activation = try graph.append(.unary(.tanh), sum)
      return try graph.append(.binary(.multiply), activation, sum)
    }
  }

  @Test(arguments: [0, 1, 4, 33])
  func `product with a weight`(rows: Int) throws {
    try check(["w": .random([7, 19], seed: 1)], [.random([rows, 7], seed: 2)]) { graph in
      let x = graph.addArgument(TensorType(.float32, ["rows", 7]), name: "x")
      let w = graph.parameter("w", TensorType(.float32, [7, 19]))
      return try graph.append(.matmul(MatMul()), x, w)
    }
  }
}
