import SequentIR
import TestSupport
import Testing

/// Recurrent layers and cells: the fused operations, and scans of their formulas.
@Suite struct RecurrentTests {
  struct Layer: CustomTestStringConvertible {
    var cell: RecurrentCellKind
    var directions: [Bool]
    var hasBias = true
    var hasLengths = false
    var startsAtZero = false

    var testDescription: String {
      "\(cell.rawValue) \(directions) bias \(hasBias) lengths \(hasLengths) zero \(startsAtZero)"
    }
  }

  static let layers: [Layer] = RecurrentCellKind.allCases.flatMap { cell in
    [
      Layer(cell: cell, directions: [false]),
      Layer(cell: cell, directions: [true], hasLengths: true),
      Layer(cell: cell, directions: [false, true], hasLengths: true, startsAtZero: true),
      Layer(cell: cell, directions: [false, true], hasBias: false),
    ]
  }

  private func model(_ layer: Layer, input: Int, hidden: Int) throws -> Model {
    let gates = layer.cell.gates.count
    let hasHiddenBias = layer.hasBias && layer.cell == .gruResetAfter
    let operation = FusedRecurrentSequence(
      cell: layer.cell, isReversed: layer.directions, hasBias: layer.hasBias,
      hasHiddenBias: hasHiddenBias, hasLengths: layer.hasLengths)
    var parameters: [String: HostTensor] = [:]
    for direction in layer.directions.indices {
      let seed = UInt64(direction * 10)
      parameters["w\(direction)"] = .random([input, gates * hidden], seed: seed)
      parameters["u\(direction)"] = .random([hidden, gates * hidden], seed: seed + 1)
      if layer.hasBias { parameters["b\(direction)"] = .random([gates * hidden], seed: seed + 2) }
      if hasHiddenBias { parameters["d\(direction)"] = .random([hidden], seed: seed + 3) }
    }
    return try Model(parameters) { graph in
      func parameter(_ name: String) -> Value {
        let shape = parameters[name]?.shape ?? []
        return graph.parameter(
          name, TensorType(.float32, shape.map { Dimension(constant: $0) }))
      }
      let state = TensorType(.float32, ["batch", Dimension(constant: hidden)])
      var operands = [
        graph.addArgument(
          TensorType(.float32, ["batch", "time", Dimension(constant: input)]), name: "x")
      ]
      for direction in layer.directions.indices {
        operands += [parameter("w\(direction)"), parameter("u\(direction)")]
        if layer.hasBias { operands.append(parameter("b\(direction)")) }
        if hasHiddenBias { operands.append(parameter("d\(direction)")) }
        for index in 0..<layer.cell.stateCount {
          operands.append(
            layer.startsAtZero
              ? try graph.append(.constant(Constant(0, shape: state.shape)))
              : graph.addArgument(state, name: "s\(direction)\(index)"))
        }
      }
      if layer.hasLengths {
        operands.append(graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths"))
      }
      let results = try graph.append(.recurrentSequence(operation), operands)
      return results.enumerated().map { ("r\($0)", $1) }
    }
  }

  @Test(arguments: layers)
  func `fused layers`(layer: Layer) throws {
    for (hidden, batch, time) in [(5, 3, 4), (16, 1, 7), (33, 6, 1), (4, 2, 0), (4, 0, 2)] {
      let model = try model(layer, input: 6, hidden: hidden)
      let inputs = model.function.inputs.enumerated().map { position, input in
        if input.name == "lengths" {
          return HostTensor(.int32, [batch]) { Double(($0[0] * 3 + 1) % (time + 1)) }
        }
        let shape = (try? input.type.sizes(["batch": batch, "time": time])) ?? []
        return HostTensor.random(shape, seed: UInt64(100 + position))
      }
      try withEachInstructionSet { isa in
        try model.check(inputs, "\(layer.testDescription) \(hidden) \(batch) \(time) \(isa):")
      }
    }
  }

  @Test(arguments: [RecurrentCellKind.rnnTanh, .rnnRelu, .lstm, .gruResetAfter])
  func `fused cells`(cell: RecurrentCellKind) throws {
    let hidden = 7
    let gates = TensorType(
      .float32, ["batch", Dimension(constant: cell.gates.count * hidden)])
    let model = try Model { graph in
      var operands = [
        graph.addArgument(gates, name: "x"), graph.addArgument(gates, name: "h"),
      ]
      if cell == .lstm || cell == .gruResetAfter {
        operands.append(
          graph.addArgument(
            TensorType(.float32, ["batch", Dimension(constant: hidden)]), name: "state"))
      }
      return try graph.append(.recurrentCell(FusedRecurrentCell(cell)), operands)
        .enumerated().map { ("r\($0)", $1) }
    }
    for batch in [0, 1, 5] {
      let inputs = try model.function.inputs.map {
        HostTensor.random(try $0.type.sizes(["batch": batch]), seed: 9)
      }
      try withEachInstructionSet { try model.check(inputs, "\(cell) \(batch) \($0):") }
    }
  }

  /// A scan of h' = tanh(x·W + h·U), its output h', with everything a scan can have.
  @Test(arguments: [false, true], [false, true])
  func `scans step by step`(isReversed: Bool, hasLengths: Bool) throws {
    let (input, hidden) = (3, 5)
    let parameters: [String: HostTensor] = [
      "w": .random([input, hidden], seed: 1), "u": .random([hidden, hidden], seed: 2),
    ]
    let model = try Model(parameters) { graph in
      let width = Dimension(constant: hidden)
      var body = Graph()
      let h = body.addArgument(TensorType(.float32, ["batch", width]), name: "h")
      let x = body.addArgument(TensorType(.float32, ["batch", 3]), name: "x")
      let w = body.addArgument(TensorType(.float32, [3, width]), name: "w")
      let u = body.addArgument(TensorType(.float32, [width, width]), name: "u")
      let fromInput = try body.append(.matmul(MatMul()), x, w)
      let fromState = try body.append(.matmul(MatMul()), h, u)
      let sum = try body.append(.binary(.add), fromInput, fromState)
      let new = try body.append(.unary(.tanh), sum)
      body.results = [new, new]
      let scan = Scan(
        time: "time", carryCount: 1, scannedCount: 1, isReversed: isReversed,
        hasLengths: hasLengths, body: body)
      var operands = [
        graph.addArgument(TensorType(.float32, ["batch", width]), name: "h0"),
        graph.addArgument(TensorType(.float32, ["batch", "time", 3]), name: "x"),
        graph.parameter("w", TensorType(.float32, [3, width])),
        graph.parameter("u", TensorType(.float32, [width, width])),
      ]
      if hasLengths {
        operands.append(graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths"))
      }
      let results = try graph.append(.scan(scan), operands)
      return [("final", results[0]), ("outputs", results[1])]
    }
    for (batch, time) in [(4, 6), (1, 1), (1, 5), (2, 0), (0, 3)] {
      var inputs = [
        HostTensor.random([batch, hidden], seed: 3), .random([batch, time, input], seed: 4),
      ]
      if hasLengths {
        inputs.append(HostTensor(.int32, [batch]) { Double(($0[0] * 5 + 2) % (time + 1)) })
      }
      try withEachInstructionSet { try model.check(inputs, "\(batch) \(time) \($0):") }
    }
  }

  /// Over each row's steps a running sum, over it and back again a running sum of those.
  @Test func `scans in scans`() throws {
    let model = try Model { graph in
      let rows = TensorType(.float32, ["batch", 4])
      var inner = Graph()
      let total = inner.addArgument(TensorType(.float32, ["batch"]), name: "total")
      let term = inner.addArgument(TensorType(.float32, ["batch"]), name: "term")
      let sum = try inner.append(.binary(.add), total, term)
      inner.results = [sum, sum]
      var outer = Graph()
      let state = outer.addArgument(rows, name: "state")
      let step = outer.addArgument(rows, name: "step")
      let start = outer.addArgument(TensorType(.float32, ["batch"]), name: "start")
      let scan = Scan(time: 4, carryCount: 1, scannedCount: 1, isReversed: true, body: inner)
      let sums = try outer.append(.scan(scan), [start, step])[1]
      let new = try outer.append(.binary(.add), state, sums)
      outer.results = [new, sums]
      let operands = [
        graph.addArgument(rows, name: "state"),
        graph.addArgument(TensorType(.float32, ["batch", "time", 4]), name: "x"),
        graph.addArgument(TensorType(.float32, ["batch"]), name: "start"),
      ]
      let results = try graph.append(
        .scan(Scan(time: "time", carryCount: 1, scannedCount: 1, body: outer)), operands)
      return [("final", results[0]), ("sums", results[1])]
    }
    for (batch, time) in [(3, 5), (1, 1), (2, 0)] {
      let inputs: [HostTensor] = [
        .random([batch, 4], seed: 1), .random([batch, time, 4], seed: 2), .random([batch], seed: 3),
      ]
      try withEachInstructionSet { try model.check(inputs, "\(batch) \(time) \($0):") }
    }
  }
}
