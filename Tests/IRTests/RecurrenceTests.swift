import SequentIR
import TestSupport
import Testing

/// What scans mean, and that recurrent sequences and cells mean what a scan of their formula does.
@Suite struct RecurrenceTests {
  // MARK: - Scan

  /// Running sums over time of x `[2, 3, 1]`.
  private func sums(_ attributes: String, lengths: HostTensor? = nil) throws -> [HostTensor] {
    let isRagged = lengths != nil
    let module = try Module(
      parsing: """
        module @m {
          function @main(%h0: f32[batch, 1], %x: f32[batch, time, 1]\(isRagged ? ", %lengths: i32[batch]" : "")) -> (h: f32[batch, 1], y: f32[batch, time, 1]) {
            %h, %y = scan %h0, %x\(isRagged ? ", %lengths" : "") {time = time, carry = 1, scanned = 1\(attributes)}
              body(%h: f32[batch, 1], %x: f32[batch, 1]) {
                %sum = add %h, %x
                yield %sum, %sum
              }
            return %h, %y
          }
        }
        """)
    try verify(module)
    let inputs = [f32([2, 1], [100, 200]), f32([2, 3, 1], [1, 2, 3, 10, 20, 30])]
    return try Evaluator(parameters: [:]).evaluate(
      module.functions[0], inputs + (lengths.map { [$0] } ?? []))
  }

  @Test func scanGoesOverTime() throws {
    #expect(
      try sums("") == [
        f32([2, 1], [106, 260]), f32([2, 3, 1], [101, 103, 106, 210, 230, 260]),
      ])
    #expect(
      try sums(", reverse = true") == [
        f32([2, 1], [106, 260]), f32([2, 3, 1], [106, 105, 103, 260, 250, 230]),
      ])
  }

  @Test func scanHoldsStateBeyondLengths() throws {
    let lengths = i32([2], [2, 0])
    #expect(
      try sums(", lengths = true", lengths: lengths) == [
        f32([2, 1], [103, 200]), f32([2, 3, 1], [101, 103, 0, 0, 0, 0]),
      ])
    // Backwards, a row starts at its own end.
    #expect(
      try sums(", reverse = true, lengths = true", lengths: lengths) == [
        f32([2, 1], [103, 200]), f32([2, 3, 1], [103, 102, 0, 0, 0, 0]),
      ])
  }

  @Test func lengthsLieWithinTime() throws {
    for length in [-1.0, 4] {
      let error = #expect(throws: EvaluationError.self) {
        try sums(", lengths = true", lengths: i32([2], [3, length]))
      }
      #expect(error?.message == "scan: lengths[1] is \(Int(length)), expected 0 to 3")
    }
  }

  // MARK: - Cells

  @Test(arguments: RecurrentCellKind.allCases, [false, true])
  func sequenceIsAScanOfItsCell(_ cell: RecurrentCellKind, hasLengths: Bool) throws {
    let text = RecurrentText(cell: cell, hasLengths: hasLengths)
    let module = try Module(parsing: text.module)
    try verify(module)
    #expect(try Module(parsing: module.text) == module)
    let functions = [
      try #require(module.function("textbook")), try #require(module.function("fused")),
    ]
    let results = try functions.map {
      try Evaluator(parameters: [:]).evaluate($0, inputs(of: $0))
    }
    #expect(results[0].count == 1 + 2 * cell.stateCount)
    for (textbook, fused) in zip(results[0], results[1]) {
      let difference = Tolerance.double.difference(fused, textbook)
      #expect(difference == nil)
    }
  }

  @Test(arguments: RecurrentCellKind.allCases.filter { $0 != .gruResetBefore })
  func cellIsOneStepOfTheSequence(_ cell: RecurrentCellKind) throws {
    let text = RecurrentText(cell: cell, hasLengths: false)
    let module = try Module(parsing: text.cellModule)
    try verify(module)
    let results = try module.functions.map {
      try Evaluator(parameters: [:]).evaluate($0, inputs(of: $0))
    }
    for (step, sequence) in zip(results[0], results[1]) {
      let difference = Tolerance.double.difference(step, sequence)
      #expect(difference == nil)
    }
  }

  /// Random inputs; the rows' lengths are 4, 0 and 2.
  private func inputs(of function: Function) throws -> [HostTensor] {
    var random = SplitMix(seed: 5)
    return try function.inputs.map { input in
      if input.name == "lengths" { return i32([3], [4, 0, 2]) }
      let shape = try input.type.sizes(["batch": 3, "time": input.type.rank == 3 ? 4 : 1])
      return HostTensor(.float32, shape) { _ in random.unit() }
    }
  }
}
