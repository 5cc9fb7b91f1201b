import SequentCompiler
import SequentIR
import TestSupport
import Testing

@testable import SequentRuntime

@Suite struct ChunkedTimeTests {
  private static func model(steps: Int) throws -> Model {
    try Model { graph in
      let x = graph.addArgument(TensorType(.float32, ["batch", "time", 3]), name: "x")
      let n = graph.addArgument(TensorType(.int32, ["batch"]), name: "n")
      let chunks = try graph.append(.splitTime(SplitTime(steps: steps)), x)
      let squares = try graph.append(.binary(.multiply), chunks, chunks)
      let joined = try graph.append(.joinTime(JoinTime(time: "time")), squares)
      let lengths = try graph.append(
        .chunkLengths(ChunkLengths(time: "time", steps: steps)), n)
      return [("chunks", chunks), ("joined", joined), ("lengths", lengths)]
    }
  }

  @Test(arguments: [0, 1, 3, 4, 5, 8, 11])
  func `chunks of any time are the evaluator's`(time: Int) throws {
    for steps in [1, 4] {
      let model = try Self.model(steps: steps)
      #expect(try Module(parsing: model.module.description) == model.module)
      let lengths = HostTensor(.int32, [3], [Double(time), 0, Double(time / 2)])
      try model.check([.random([3, time, 3], seed: 1), lengths], "\(time) by \(steps)")
    }
  }

  @Test func `whole chunks are another view`() throws {
    let model = try Model { graph in
      let x = graph.addArgument(TensorType(.float32, ["batch", "time", 3]), name: "x")
      let chunks = try graph.append(.splitTime(SplitTime(steps: 4)), x)
      let joined = try graph.append(.joinTime(JoinTime(time: "time")), chunks)
      return [("y", try graph.append(.unary(.tanh), joined))]
    }
    let executable = try model.executable()
    #expect(try executable.plan(["batch": 2, "time": 12]).kernelCount == 1)
    #expect(try executable.plan(["batch": 2, "time": 13]).kernelCount == 3)
  }

  @Test func `what has no chunks is refused`() throws {
    let sum = TensorType(.float32, ["batch", Dimension(constant: 1, symbols: ["past"]), 3])
    #expect(throws: TypeError("split_time: axis 1 of \(sum) cannot be cut into chunks of 4")) {
      try SplitTime(steps: 4).resultTypes([sum])
    }
    let chunks = TensorType(.float32, ["batch", .symbol("time/4"), 4, 3])
    #expect(try JoinTime(time: "time").resultTypes([chunks])[0].shape == ["batch", "time", 3])
    #expect(throws: TypeError("join_time: \(chunks) does not hold past steps in chunks")) {
      try JoinTime(time: "past").resultTypes([chunks])
    }
  }
}
