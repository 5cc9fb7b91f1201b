import Kernels
import Testing

/// Equal bits, however a result is come by.
@Suite struct RecurrentInvarianceTests {
  private let lengths = [3, 9, 0, 9, 1, 7, 8]

  private func problem(_ cell: kn_cell, hidden: Int = 70, directions: Int = 2) -> RecurrentProblem {
    RecurrentProblem(
      cell, time: 9, batch: lengths.count, input: 11, hidden: hidden, directions: directions,
      lengths: lengths)
  }

  /// Every way for a team to share the work.
  private func plans(threads: Int, directions: Int) -> [kn_recurrent_plan] {
    (1...min(threads, directions)).flatMap { groups in
      [false, true].map { kn_recurrent_plan(threads: threads, groups: groups, by_rows: $0) }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `threads and plans don't change bits`(cell: kn_cell) {
    withEachInstructionSet { isa in
      for directions in 1...2 {
        let problem = problem(cell, directions: directions)
        let expected = problem.run(threads: 1)
        for threads in [1, 2, 3, 5] {
          #expect(problem.run(threads: threads) == expected, "\(name(isa)) \(threads) threads")
          for plan in plans(threads: threads, directions: directions) {
            let result = problem.run(threads: threads, plan: plan)
            #expect(result == expected, "\(name(isa)) \(directions) directions \(plan)")
          }
        }
      }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `a row has the same bits alone and at any place in a batch`(cell: kn_cell) {
    withEachInstructionSet { isa in
      let problem = problem(cell)
      let whole = problem.run(threads: 2)
      let width = 2 * problem.hidden * problem.time
      for rows in [[0], [3], [6, 1], [5, 4, 3, 2, 1], [6, 5, 4, 3, 2, 1, 0]] {
        let part = problem.part(rows: rows).run(threads: 1)
        let output = RecurrentProblem.rows(rows, of: whole.output, width: width)
        #expect(part.output.bits == output.bits, "\(name(isa)) rows \(rows)")
        for d in 0..<2 {
          let hidden = RecurrentProblem.rows(rows, of: whole.hidden[d], width: problem.hidden)
          #expect(part.hidden[d].bits == hidden.bits, "\(name(isa)) rows \(rows)")
        }
      }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `padding doesn't change bits`(cell: kn_cell) {
    withEachInstructionSet { isa in
      let problem = problem(cell)
      let ragged = problem.run(threads: 1)
      let width = 2 * problem.hidden
      for (row, length) in lengths.enumerated() {
        var alone = problem.part(rows: [row], time: length)
        alone.lengths = nil
        let result = alone.run(threads: 1)
        let first = row * problem.time * width
        let end = first + length * width
        #expect(result.output.bits == ragged.output[first..<end].map(\.bitPattern), "\(name(isa))")
        let padding = ragged.output[end..<first + problem.time * width]
        #expect(padding.allSatisfy { $0.bitPattern == 0 }, "\(name(isa)) row \(row)")
      }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `a stream in pieces has the bits of the whole`(cell: kn_cell) {
    withEachInstructionSet { isa in
      for batch in [1, 4] {
        let whole = RecurrentProblem(cell, time: 10, batch: batch, input: 9, hidden: 40)
        let expected = whole.run(threads: 1)
        var rest = whole
        var outputs = [[Float]](repeating: [], count: batch)
        for steps in [1, 4, 0, 3, 2] {
          let result = rest.part(rows: Array(0..<batch), time: steps).run(threads: 2)
          rest.x = (0..<batch).flatMap { row in
            rest.x[(row * rest.time + steps) * 9..<(row + 1) * rest.time * 9]
          }
          rest.time -= steps
          rest.directions[0].hidden = result.hidden[0]
          if cell == KN_CELL_LSTM { rest.directions[0].cell = result.cell[0] }
          for row in 0..<batch {
            outputs[row] += result.output[row * steps * 40..<(row + 1) * steps * 40]
          }
        }
        #expect(outputs.flatMap { $0 }.bits == expected.output.bits, "\(name(isa)) \(whole)")
        #expect(rest.directions[0].hidden.bits == expected.hidden[0].bits, "\(name(isa)) \(whole)")
      }
    }
  }
}

/// What the cost model chooses where there is no doubt.
@Suite struct RecurrentPlanTests {
  private func plan(time: Int = 50, batch: Int, hidden: Int, directions: Int = 1, threads: Int = 2)
    -> kn_recurrent_plan
  {
    var arguments = kn_recurrent_arguments()
    arguments.cell = KN_CELL_LSTM
    (arguments.time, arguments.batch) = (time, batch)
    (arguments.input, arguments.hidden, arguments.directions) = (hidden, hidden, directions)
    return kn_recurrent_choose_plan(&arguments, threads)
  }

  @Test func `small work stays on one thread`() {
    #expect(plan(batch: 1, hidden: 16).threads == 1)
    #expect(plan(batch: 16, hidden: 512, threads: 1).threads == 1)
  }

  @Test func `one row shares the units and many of a few units share themselves`() {
    let one = plan(batch: 1, hidden: 512), many = plan(batch: 64, hidden: 24)
    #expect(one.threads == 2 && !one.by_rows)
    #expect(many.threads == 2 && many.by_rows)
  }

  @Test func `two directions of small batches run side by side`() {
    #expect(plan(batch: 3, hidden: 256, directions: 2).groups == 2)
  }
}
