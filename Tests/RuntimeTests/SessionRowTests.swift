import SequentCompiler
import SequentIR
import TestSupport
import Testing

@testable import SequentRuntime

/// States whose rows are selected, and outputs that another session reads.
@Suite struct SessionRowTests {
  /// Adds x to a sum by row, and to one whose rows are its second axis; y is the square of the sum.
  private static func session() throws -> Session {
    try Model(states: ["sum.next": "sum", "turned.next": "turned"]) { graph in
      let type = TensorType(.float32, ["rows", 2])
      let x = graph.addArgument(type, name: "x")
      let sum = graph.addArgument(type, name: "sum")
      let turned = graph.addArgument(TensorType(.float32, [2, "rows"]), name: "turned")
      let new = try graph.append(.binary(.add), x, sum)
      let across = try graph.append(.transpose(Transpose([1, 0])), x)
      let newTurned = try graph.append(.binary(.add), across, turned)
      let y = try graph.append(.binary(.multiply), new, new)
      return [("y", y), ("sum.next", new), ("turned.next", newTurned)]
    }.session(threads: 2)
  }

  private static func rows(_ rows: [Float]) throws -> [String: TensorData] {
    ["x": try .float32(rows.flatMap { [$0, 10 * $0] }, shape: [rows.count, 2])]
  }

  @Test func `rows leave, fork and change places`() throws {
    let session = try Self.session()
    _ = try session.run(try Self.rows([1, 2, 3]))
    var expected: [Float] = [1, 2, 3]
    let selections = [
      [2, 0, 1], [1, 1, 2, 0, 0], [0, 1, 2, 3, 4], [4, 2], [1], [0, 0, 0, 0, 0, 0],
    ]
    for rows in selections {
      try session.selectStates(rows: rows, of: "rows")
      expected = rows.map { expected[$0] }
      let x = rows.indices.map { Float($0) }
      let y = try session.run(try Self.rows(x))["y"]
      expected = zip(expected, x).map { $0 + $1 }
      let states = try session.snapshot().tensors
      #expect(states["sum"]?.elements == .float32(expected.flatMap { [$0, 10 * $0] }))
      #expect(states["turned"]?.elements == .float32(expected + expected.map { 10 * $0 }))
      #expect(y?.elements == .float32(expected.flatMap { [$0 * $0, 100 * $0 * $0] }))
    }
    #expect(throws: RuntimeError.self) { try session.selectStates(rows: [6], of: "rows") }
    #expect(throws: RuntimeError.self) { try session.selectStates(rows: [-1], of: "rows") }
    try session.selectStates(rows: [3], of: "time")
    try session.reset()
    #expect(throws: RuntimeError.self) { try session.selectStates(rows: [0], of: "rows") }
  }

  @Test func `a session reads what another gave, as an input and as a state`() throws {
    let (first, second) = (try Self.session(), try Self.session())
    _ = try first.run(try Self.rows([1, 2, 3]))
    try second.bind(["rows": 3])
    try second.copy("y", of: first, to: "x")
    try second.copy("y", of: first, to: "sum")
    try second.run()
    let sum = try second.snapshot().tensors["sum"]
    #expect(sum?.elements == .float32([2, 200, 8, 800, 18, 1800]))

    #expect(throws: RuntimeError.self) { try second.copy("z", of: first, to: "x") }
    #expect(throws: RuntimeError.self) { try second.copy("y", of: first, to: "z") }
    #expect(throws: RuntimeError.self) { try second.copy("y", of: first, to: "turned") }
    #expect(throws: RuntimeError.self) { try Self.session().copy("y", of: first, to: "x") }
    #expect(throws: RuntimeError.self) { try second.copy("y", of: Self.session(), to: "x") }
  }
}
