import SequentIR
import TestSupport
import Testing

/// The way back through fused recurrent layers, held against the evaluator.
@Suite struct RecurrentGradientTests {
  /// Which results of the layer have gradients.
  enum Upstream: CaseIterable {
    case all, outputs, finals
  }

  struct Problem: CustomTestStringConvertible {
    var cell: RecurrentCellKind
    var directions = [false]
    var hasBias = true
    var lengths: [Int]?
    var startsAtZero = false
    var upstream = Upstream.all
    var batch = 2
    var time = 3
    var input = 3
    var hidden = 5

    var testDescription: String {
      "\(cell) \(directions) \(lengths.map { "\($0)" } ?? "-") \(upstream) "
        + "[\(batch), \(time), \(input)] hidden \(hidden) zero \(startsAtZero) bias \(hasBias)"
    }
  }

  /// Weights are arguments: they are packed in every run, as in training.
  private func model(_ problem: Problem) throws -> Model {
    let hasHiddenBias = problem.hasBias && problem.cell == .gruResetAfter
    let layer = FusedRecurrentSequence(
      cell: problem.cell, isReversed: problem.directions, hasBias: problem.hasBias,
      hasHiddenBias: hasHiddenBias, hasLengths: problem.lengths != nil, savesGates: true)
    let hidden = Dimension(constant: problem.hidden)
    let gates = Dimension(constant: problem.hidden * problem.cell.gates.count)
    let input = Dimension(constant: problem.input)
    return try Model { graph in
      func argument(_ name: String, _ shape: [Dimension]) -> Value {
        graph.addArgument(TensorType(.float32, shape), name: name)
      }
      var operands = [argument("x", ["batch", "time", input])]
      for direction in layer.isReversed.indices {
        operands.append(argument("w\(direction)", [input, gates]))
        operands.append(argument("u\(direction)", [hidden, gates]))
        if problem.hasBias { operands.append(argument("b\(direction)", [gates])) }
        if hasHiddenBias { operands.append(argument("d\(direction)", [hidden])) }
        for index in 0..<problem.cell.stateCount {
          operands.append(
            problem.startsAtZero
              ? try graph.append(.constant(Constant(0, shape: ["batch", hidden])))
              : argument("s\(direction)\(index)", ["batch", hidden]))
        }
      }
      if problem.lengths != nil {
        operands.append(graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths"))
      }
      let results = try graph.append(.recurrentSequence(layer), operands)
      operands += [results[0], results[results.count - 1]]
      var hasUpstream: [Bool] = []
      for (index, result) in results.dropLast().enumerated() {
        let isGiven = problem.upstream == .all || (index == 0) == (problem.upstream == .outputs)
        hasUpstream.append(isGiven)
        if isGiven { operands.append(argument("g\(index)", graph.type(of: result).shape)) }
      }
      let gradient = RecurrentSequenceGradient(of: layer, hasUpstream: hasUpstream)
      let gradients = try graph.append(.recurrentSequenceGradient(gradient), operands)
      return [("output", results[0])] + gradients.enumerated().map { ("d\($0)", $1) }
    }
  }

  private func check(_ problem: Problem) throws {
    let model = try model(problem)
    let bindings: Bindings = ["batch": problem.batch, "time": problem.time]
    let inputs = try model.function.inputs.enumerated().map { position, input in
      if input.name == "lengths" {
        return HostTensor(.int32, [problem.batch], (problem.lengths ?? []).map(Double.init))
      }
      let scale = input.name.first == "u" ? 2 / Double(problem.hidden).squareRoot() : 1
      let tensor = HostTensor.random(try input.type.sizes(bindings), seed: UInt64(position + 7))
      return HostTensor(.float32, tensor.shape, tensor.values.map { $0 * scale }).rounded
    }
    let expected = try Evaluator(parameters: [:]).evaluate(model.function, inputs)
    try withEachInstructionSet { isa in
      var first: [String: TensorData]?
      for threads in [1, 2, 5] {
        let actual = try model.run(inputs, threads: threads)
        for (name, tensor) in zip(model.function.resultNames, expected) {
          let difference = actual[name].map { Tolerance.float.difference($0, tensor) } ?? "missing"
          #expect(
            difference == nil, "\(isa) \(threads) threads, \(problem.testDescription): \(name)")
        }
        let bits = actual.mapValues(\.bits)
        #expect(first.map { $0.mapValues(\.bits) == bits } ?? true, "\(isa) \(threads) threads")
        first = actual
      }
    }
  }

  @Test(arguments: RecurrentCellKind.allCases)
  func `sizes around a vector`(cell: RecurrentCellKind) throws {
    for (place, hidden) in [1, 15, 16, 17, 33].enumerated() {
      let batch = [2, 1, 7, 2, 1][place]
      try check(
        Problem(
          cell: cell, directions: [place % 2 == 1], hasBias: place != 2, startsAtZero: place == 3,
          batch: batch, time: 2, hidden: hidden))
    }
  }

  @Test(arguments: RecurrentCellKind.allCases, Upstream.allCases)
  func `lengths, directions and what has a gradient`(
    cell: RecurrentCellKind, upstream: Upstream
  ) throws {
    for lengths in [nil, [0, 4, 1, 0, 3, 4, 2], [0, 0, 0, 0, 0, 0, 0]] {
      for directions in [[false, true], [true]] {
        try check(
          Problem(
            cell: cell, directions: directions, lengths: lengths,
            startsAtZero: directions.count == 1, upstream: upstream, batch: 7, time: 4, hidden: 4))
      }
    }
  }

  @Test(arguments: RecurrentCellKind.allCases)
  func `rows and units shared by a team`(cell: RecurrentCellKind) throws {
    try check(Problem(cell: cell, batch: 17, time: 2, input: 2, hidden: 3))
    try check(
      Problem(cell: cell, directions: [false, true], batch: 1, time: 2, input: 2, hidden: 70))
  }

  @Test func `no rows and no steps`() throws {
    for (batch, time) in [(0, 2), (2, 0)] {
      try check(Problem(cell: .lstm, directions: [false, true], batch: batch, time: time))
    }
  }
}
