import Dispatch
import Kernels
import SequentCompiler
import SequentIR
import TestSupport
import Testing

@testable import SequentRuntime

/// Sessions: inputs and their errors, state, memory, several at once.
@Suite struct SessionTests {
  /// h' = tanh(x·W + h·U) over time from a state, with a table of rows to look x up in.
  private static func model() throws -> Model {
    let parameters: [String: HostTensor] = [
      "table": .random([7, 3], seed: 1), "w": .random([3, 5], seed: 2),
      "u": .random([5, 5], seed: 3),
    ]
    return try Model(parameters, states: ["h.next": "h"]) { graph in
      var body = Graph()
      let state = TensorType(.float32, ["batch", 5])
      let h = body.addArgument(state, name: "h")
      let x = body.addArgument(TensorType(.float32, ["batch", 3]), name: "x")
      let w = body.addArgument(TensorType(.float32, [3, 5]), name: "w")
      let u = body.addArgument(TensorType(.float32, [5, 5]), name: "u")
      let sum = try body.append(
        .binary(.add), body.append(.matmul(MatMul()), x, w), body.append(.matmul(MatMul()), h, u))
      let new = try body.append(.unary(.tanh), sum)
      body.results = [new, new]
      let tokens = graph.addArgument(TensorType(.int32, ["batch", "time"]), name: "tokens")
      let lengths = graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths")
      let h0 = graph.addArgument(state, name: "h")
      let table = graph.parameter("table", TensorType(.float32, [7, 3]))
      let rows = try graph.append(.gather(Gather()), table, tokens)
      let results = try graph.append(
        .scan(
          Scan(time: "time", carryCount: 1, scannedCount: 1, hasLengths: true, body: body)),
        [
          h0, rows, graph.parameter("w", TensorType(.float32, [3, 5])),
          graph.parameter("u", TensorType(.float32, [5, 5])), lengths,
        ])
      return [("y", results[1]), ("h.next", results[0])]
    }
  }

  private static func inputs(
    _ tokens: [Int32], batch: Int = 1, lengths: [Int32]? = nil
  ) throws -> [String: TensorData] {
    let time = tokens.count / batch
    return [
      "tokens": try .int32(tokens, shape: [batch, time]),
      "lengths": try .int32(
        lengths ?? Array(repeating: Int32(time), count: batch), shape: [batch]),
    ]
  }

  private func session() throws -> Session {
    try Self.model().executable().session()
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func `states make calls continue each other`() throws {
    try withOwnInstructionSet {
      let tokens: [Int32] = [0, 3, 6, 1, 2, 5]
      let session = try session()
      let whole = try session.run(Self.inputs(tokens))["y"]
      let end = try session.snapshot()
      try session.reset()
      var pieces: [UInt32] = []
      for piece in [0..<1, 1..<4, 4..<6] {
        pieces += try session.run(Self.inputs(Array(tokens[piece])))["y"]?.bits ?? []
      }
      #expect(pieces == whole?.bits)
      #expect(try session.snapshot() == end)
      // A copy goes on where it was taken, in another session too.
      let next = try session.run(Self.inputs([4]))["y"]
      let other = try self.session()
      try other.restore(end)
      #expect(try other.run(Self.inputs([4]))["y"] == next)
    }
  }

  @Test func `states keep their sizes until reset`() throws {
    try withOwnInstructionSet {
      let session = try session()
      _ = try session.run(Self.inputs([1, 2]))
      let text = message { _ = try session.run(Self.inputs([1, 2], batch: 2)) }
      #expect(
        text
          == "state 'h' is [1, 5] from earlier calls, these sizes make it [2, 5]; reset the session "
          + "first")
      try session.reset()
      _ = try session.run(Self.inputs([1, 2], batch: 2))
      #expect(try session.snapshot().tensors["h"]?.shape == [2, 5])
    }
  }

  @Test func `bad inputs are named`() throws {
    try withOwnInstructionSet {
      let session = try session()
      let good = try Self.inputs([1, 2, 3, 4], batch: 2)
      let check = { (changes: [String: TensorData], expected: String) in
        let inputs = good.merging(changes) { _, new in new }
        #expect(self.message { _ = try session.run(inputs) } == expected)
      }
      check(
        ["token": try .int32([1], shape: [1])],
        "there is no input 'token'; did you mean 'tokens'?")
      #expect(
        message { _ = try session.run(["tokens": try .int32([1], shape: [1, 1])]) }
          == "input 'lengths' is missing: i32[batch]")
      check(
        ["tokens": try .float32([1, 2, 3, 4], shape: [2, 2])],
        "input 'tokens' is f32, expected i32[batch, time]")
      check(
        ["lengths": try .int32([1, 1, 1], shape: [3])],
        "input axis 0 ('batch') of 'lengths' has size 3, expected 2; its type is i32[batch]")
      check(["h": try .int32([1], shape: [1])], "'h' is a state of the session, not an input")
      check(
        ["lengths": try .int32([2, 3], shape: [2])],
        "lengths[1] is 3, expected 0 to 2 (scan %scan )")
      check(
        ["lengths": try .int32([-1, 2], shape: [2])],
        "lengths[0] is -1, expected 0 to 2 (scan %scan )")
      check(
        ["tokens": try .int32([1, 2, 7, -1], shape: [2, 2])],
        "tokens[1, 0] is 7, not a row of a table of 7 rows (gather %gather )")
      #expect(
        message { try session.withInput("x") { _ in } }
          == "there is no input 'x'; there are: 'tokens', 'lengths'")
      #expect(
        message { _ = try Self.model().executable().session(function: "mian") }
          == "there is no function 'mian'; did you mean 'main'?")
    }
  }

  @Test func `absurd sizes are refused`() throws {
    let session = try session()
    for (size, expected) in [(1 << 20, "bytes; the machine has"), (Int.max, "too many elements")] {
      let text = message { try session.bind(["batch": size, "time": size]) }
      #expect(text.contains(expected), "\(text)")
    }
    #expect(message { try session.bind(["batch": -1, "time": 1]) }.contains("would be -1"))
    #expect(message { try session.run() } == "main has no sizes yet: call bind")
  }

  @Test func `missing and misshapen weights are named`() throws {
    var model = try Self.model()
    model.parameters["u"] = nil
    #expect(message { _ = try model.executable() } == "the weights have no 'u': f32[5, 5]")
    model.parameters["u"] = .random([5, 4], seed: 1)
    #expect(
      message { _ = try model.executable() }
        == "'u' is f32[5, 4] in the weights, expected f32[5, 5]")
  }

  @Test func `inputs and outputs stay where they are`() throws {
    try withOwnInstructionSet {
      let session = try session()
      let address = {
        try session.withOutput("y") { $0.withUnsafeBufferPointer { $0.baseAddress } }
      }
      try session.bind(["batch": 3, "time": 9])
      try session.withInput("tokens", as: Int32.self) { tokens in
        for index in tokens.indices { tokens[index] = Int32(index % 7) }
      }
      try session.withInput("lengths", as: Int32.self) { lengths in
        for index in lengths.indices { lengths[index] = Int32(3 * index + 1) }
      }
      let before = try address()
      try session.run()
      let first = try session.withOutput("y") { $0[0] }
      #expect(first != 0)
      try session.reset()
      // Smaller sizes fit into the same memory; the inputs are new tensors then.
      try session.bind(["batch": 2, "time": 4])
      #expect(try address() == before)
      try session.bind(["batch": 3, "time": 9])
      #expect(try address() == before)
      #expect(throws: RuntimeError.self) { try session.withOutput("y", as: Int32.self) { _ in } }
    }
  }

  @Test func `sessions of an executable run side by side`() throws {
    try withOwnInstructionSet {
      let executable = try Self.model().executable()
      let tokens: [Int32] = [1, 2, 3, 4, 5, 6, 0, 1]
      let expected = try executable.session().run(Self.inputs(tokens, batch: 2))["y"]
      DispatchQueue.concurrentPerform(iterations: 8) { worker in
        do {
          let session = try executable.session()
          for run in 0..<20 {
            let time = 1 + (worker + run) % 4
            _ = try session.run(Self.inputs(Array(tokens.prefix(time * 2)), batch: 2))
            try session.reset()
            #expect(try session.run(Self.inputs(tokens, batch: 2))["y"] == expected)
            try session.reset()
          }
        } catch {
          Issue.record(error)
        }
      }
    }
  }

  @Test func `profiles cover every step`() throws {
    try withOwnInstructionSet {
      let session = try session()
      _ = try session.run(Self.inputs([1, 2, 3]))
      let profile = try session.profile(runs: 3)
      #expect(profile.entries.reduce(0) { $0 + $1.calls } == session.plan?.kernelCount)
      #expect(profile.table.contains("gather"))
      #expect(try profile.trace().contains("traceEvents"))
    }
  }

  @Test func `another instruction set than the weights' is refused`() throws {
    guard kn_isa_supported(KN_ISA_AVX2) else { return }
    try withOwnInstructionSet {
      let session = try session()
      try session.bind(["batch": 1, "time": 1])
      let before = kn_isa_active()
      kn_isa_select(before == KN_ISA_PORTABLE ? KN_ISA_AVX2 : KN_ISA_PORTABLE)
      defer { kn_isa_select(before) }
      #expect(message { try session.run() }.contains("is chosen now"))
    }
  }

  @Test func `thread numbers are checked`() throws {
    let executable = try Self.model().executable()
    #expect(
      message { _ = try executable.session(threads: 0) } == "0 threads, expected 1 or more")
    #expect(try executable.session(threads: 1).threads == 1)
  }
}
