import SequentCompiler
import SequentIR
import TestSupport
import Testing

@testable import SequentRuntime

/// Properties of plans and of the memory they are given.
@Suite struct PlanTests {
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `buffers alive together lie apart`(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let items = (0..<random.integer(1...40)).map { _ in
      let first = random.integer(0...30)
      return MemoryPlanner.Item(
        bytes: random.integer(0...5000), lifetime: first...first + random.integer(0...10))
    }
    let planner = MemoryPlanner(items)
    let layout = planner.layout()
    for (i, item) in items.enumerated() {
      #expect(layout.offsets[i] % MemoryPlanner.alignment == 0)
      #expect(layout.offsets[i] + item.bytes <= layout.bytes)
      for (j, other) in items.enumerated().dropFirst(i + 1)
      where item.lifetime.overlaps(other.lifetime) {
        let (a, b) = (layout.offsets[i], layout.offsets[j])
        #expect(a + item.bytes <= b || b + other.bytes <= a)
      }
    }
    #expect(layout.bytes >= planner.lowerBound)
    // Drawn lifetimes may have no layout at the bound; plans keep within 5 %, see below.
    #expect(Double(layout.bytes) <= 1.2 * Double(planner.lowerBound))
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `plans of drawn graphs keep values apart`(seed: UInt64) throws {
    let graph = try RandomGraph(seed: seed)
    let plan = try Model(graph.module, try graph.parameters()).executable()
      .plan(["batch": 3, "time": 4])
    let lifetimes = plan.lifetimes()
    let placed = plan.buffers.indices.filter {
      plan.buffers[$0].storage == .arena && lifetimes[$0] != nil
    }
    for i in placed {
      for j in placed where i < j {
        guard let a = lifetimes[i], let b = lifetimes[j], a.overlaps(b) else { continue }
        let (first, second) = (plan.buffers[i], plan.buffers[j])
        #expect(
          first.offset + first.bytes <= second.offset
            || second.offset + second.bytes <= first.offset)
      }
    }
    #expect(Double(plan.arenaBytes) <= 1.05 * Double(plan.lowerBoundBytes))
  }

  @Test func `a chain of functions works in place, in the output's memory`() throws {
    let model = try Model { graph in
      var x = graph.addArgument(TensorType(.float32, ["rows", 8]), name: "x")
      for function in [Unary.tanh, .negate, .exponential] {
        x = try graph.append(.unary(function), x)
      }
      return [("y", x)]
    }
    let plan = try model.executable().plan(["rows": 5])
    #expect(plan.kernelCount == 3)
    #expect(plan.arenaBytes == 0)
  }

  @Test func `products are written side by side`() throws {
    let model = try Model(["w": .random([4, 6], seed: 1)]) { graph in
      let x = graph.addArgument(TensorType(.float32, ["rows", 4]), name: "x")
      let w = graph.parameter("w", TensorType(.float32, [4, 6]))
      let parts = try (0..<3).map { _ in try graph.append(.matmul(MatMul()), x, w) }
      return [("y", try graph.append(.concatenate(Concatenate(axis: 1)), parts)[0])]
    }
    let plan = try model.executable().plan(["rows": 5])
    #expect(plan.kernelCount == 3)
    try model.check([.random([5, 4], seed: 2)])
  }

  @Test func `rows that collide are longer where products alone see them`() throws {
    for (width, isSeen, stride) in [
      (1024, false, 1056), (2048, false, 2080), (1000, false, 1000), (1024, true, 1024),
    ] {
      let size = Dimension(constant: width)
      let model = try Model([
        "w": .random([4, width], seed: 1), "v": .random([width, 6], seed: 3),
      ]) { graph in
        let x = graph.addArgument(TensorType(.float32, ["batch", "rows", 4]), name: "x")
        let w = graph.parameter("w", TensorType(.float32, [4, size]))
        let v = graph.parameter("v", TensorType(.float32, [size, 6]))
        let hidden = try graph.append(.matmul(MatMul()), x, w)
        let turned = try graph.append(.transpose(Transpose([0, 2, 1])), hidden)
        let y = try graph.append(.matmul(MatMul()), hidden, v)
        let z = try graph.append(.matmul(MatMul()), turned, x)
        guard isSeen else { return [("y", y), ("z", z)] }
        let largest = try graph.append(.reduce(Reduce(.maximum, axes: [2])), hidden)
        return [("y", y), ("z", z), ("largest", largest)]
      }
      let plan = try model.executable().plan(["batch": 2, "rows": 40])
      #expect(plan.instructions[0].outputs[0].strides[2] == stride)
      try model.check([.random([2, 40, 4], seed: 2)])
    }
  }

  @Test func `a state is updated in its own memory`() throws {
    let model = try Model(states: ["after": "cache"]) { graph in
      let cache = graph.addArgument(TensorType(.float32, [2, 8, 3]), name: "cache")
      let x = graph.addArgument(TensorType(.float32, [2, 1, 3]), name: "x")
      let update = UpdateSlice(axis: 1, start: 4)
      return [("after", try graph.append(.updateSlice(update), cache, x))]
    }
    let plan = try model.executable().plan([:])
    #expect(plan.kernelCount == 1)
    #expect(plan.arenaBytes == 0)
  }

  @Test func `swapped states are set aside`() throws {
    let model = try Model(states: ["a1": "a", "b1": "b"]) { graph in
      let type = TensorType(.float32, [3])
      let a = graph.addArgument(type, name: "a")
      let b = graph.addArgument(type, name: "b")
      return [("a1", b), ("b1", a)]
    }
    try model.check([.random([3], seed: 1), .random([3], seed: 2)])
  }

  @Test func `gates' weights are joined once, and packed`() throws {
    let model = try Model(["a": .random([4, 3], seed: 1), "b": .random([4, 3], seed: 2)]) {
      graph in
      let x = graph.addArgument(TensorType(.float32, ["rows", 4]), name: "x")
      let type = TensorType(.float32, [4, 3])
      let parts = [graph.parameter("a", type), graph.parameter("b", type)]
      let joined = try graph.append(.concatenate(Concatenate(axis: 1)), parts)[0]
      return [("y", try graph.append(.matmul(MatMul()), x, joined))]
    }
    let plan = try model.executable().plan(["rows": 2])
    #expect(plan.kernelCount == 1)
    #expect(plan.constants.count == 1)
    try model.check([.random([2, 4], seed: 3)])
  }

  @Test func `more axes than kernels take are refused`() throws {
    let model = try Model { graph in
      let type = TensorType(.float32, Array(repeating: 2, count: 9))
      let x = graph.addArgument(type, name: "x")
      return [("y", try graph.append(.transpose(Transpose(Array((0..<9).reversed()))), x))]
    }
    let error = #expect(throws: LoweringError.self) { try model.executable().plan([:]) }
    #expect(error?.message == "copy %transpose has 9 axes, kernels take at most 8")
  }
}
