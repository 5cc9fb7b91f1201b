import Kernels
import Testing

@Suite struct RecurrentTests {
  /// How far a result is from the double-precision one, relative to values above 1.
  private func error(_ got: RecurrentProblem.Result, _ want: RecurrentProblem.Result) -> Float {
    func error(_ got: [Float], _ want: [Float]) -> Float {
      guard got.count == want.count else { return .infinity }
      return zip(got, want).reduce(0) { worst, pair in
        let error = abs(pair.0 - pair.1) / max(1, abs(pair.1))
        return error <= worst ? worst : error.isNaN ? .infinity : error
      }
    }
    let pairs = zip(got.hidden + got.cell, want.hidden + want.cell)
    return pairs.reduce(error(got.output, want.output)) { max($0, error($1.0, $1.1)) }
  }

  private func check(_ problem: RecurrentProblem, threads: Int = 1) {
    let want = problem.reference()
    withEachInstructionSet { isa in
      let error = error(problem.run(threads: threads), want)
      #expect(error < 4e-6, "\(name(isa)) \(threads) threads: \(problem)")
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `sizes around a vector and a tile are right`(cell: kn_cell) {
    for (place, hidden) in [1, 15, 16, 17, 33, 96].enumerated() {
      for (batch, input) in zip([1, 2, 7, 16], [50, 1, 13, 5]) {
        if hidden == 96 && batch == 16 { continue }
        var problem = RecurrentProblem(
          cell, time: 3, batch: batch, input: input, hidden: hidden,
          directions: 1 + (place + batch) % 2)
        problem.hasBias = (place + batch) % 3 != 0
        problem.hasInitial = batch != 2
        problem.timeMajor = place % 2 == 0
        check(problem, threads: 1 + place % 3)
      }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `every height of a tile is right`(cell: kn_cell) {
    for batch in 1...14 {
      check(RecurrentProblem(cell, time: 2, batch: batch, input: 3, hidden: 20))
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `lengths in any order are right`(cell: kn_cell) {
    for lengths in [[0], [0, 0, 0], [4, 0, 6, 1, 6], [1, 2, 3, 4, 5, 6], [6, 6, 2, 2, 0, 3, 1]] {
      for directions in 1...2 {
        let problem = RecurrentProblem(
          cell, time: 6, batch: lengths.count, input: 4, hidden: 21, directions: directions,
          lengths: lengths)
        for threads in 1...3 { check(problem, threads: threads) }
      }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `sequences longer than a chunk of projected inputs are right`(cell: kn_cell) {
    check(RecurrentProblem(cell, time: 130, batch: 1, input: 3, hidden: 5, directions: 2))
    check(
      RecurrentProblem(
        cell, time: 50, batch: 5, input: 3, hidden: 5, directions: 2, lengths: [50, 3, 31, 0, 49]))
    check(RecurrentProblem(cell, time: 2, batch: 125, input: 2, hidden: 3))
  }

  @Test func `no rows or no steps leave the initial state`() {
    for (time, batch) in [(0, 3), (3, 0)] {
      let problem = RecurrentProblem(KN_CELL_LSTM, time: time, batch: batch, input: 2, hidden: 9)
      for threads in [1, 2] {
        let result = problem.run(threads: threads)
        #expect(result == problem.reference())
        #expect(result.hidden[0].bits == problem.directions[0].hidden.bits)
      }
    }
  }

  @Test(arguments: RecurrentProblem.allCells)
  func `NaN stays in its row and from its step on`(cell: kn_cell) {
    withEachInstructionSet { isa in
      var problem = RecurrentProblem(cell, time: 4, batch: 3, input: 5, hidden: 18)
      let clean = problem.run(threads: 1).output
      problem.x[(1 * 4 + 2) * 5] = .nan
      let width = problem.hidden
      for (place, value) in problem.run(threads: 1).output.enumerated() {
        let (row, time) = (place / width / 4, place / width % 4)
        let isRight =
          row == 1 && time >= 2 ? value.isNaN : value.bitPattern == clean[place].bitPattern
        #expect(isRight, "\(name(isa)) row \(row) time \(time)")
      }
    }
  }
}
