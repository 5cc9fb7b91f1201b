import Foundation
import Kernels
import Testing

/// Arguments of the kernels below, which are C functions and capture nothing.
private struct Call {
  var cell: UnsafeMutableRawPointer?
  var rounds = 0

  static func read(_ arguments: UnsafeRawPointer?) -> (cells: UnsafeMutablePointer<Int>, Int) {
    guard let call = arguments?.load(as: Call.self), let cell = call.cell else {
      fatalError("a kernel was called without its arguments")
    }
    return (cell.assumingMemoryBound(to: Int.self), call.rounds)
  }
}

/// Thread 0 adds one to the cell.
private let increment: kn_kernel = { arguments, team in
  if team?.pointee.index == 0 { Call.read(arguments).cells[0] += 1 }
}

/// Every thread of the team counts in a cell of its own, and cell 0 holds the team's size.
private let countMembers: kn_kernel = { arguments, team in
  guard let team = team?.pointee else { return }
  let (cells, _) = Call.read(arguments)
  if team.index == 0 { cells[0] = team.count }
  cells[1 + team.index] += 1
}

/// Members write in turn, a barrier between turns: a sum is lost if any barrier lets one pass early.
private let takeTurns: kn_kernel = { arguments, team in
  guard let team else { return }
  let (cells, rounds) = Call.read(arguments)
  for round in 0..<rounds {
    if round % team.pointee.count == team.pointee.index { cells[0] = cells[0] * 3 % 1_000_003 + 1 }
    kn_team_barrier(team)
  }
}

/// Writes half of the smallest normal number, which flushing turns into zero.
private let halveSmallest: kn_kernel = { arguments, team in
  guard let arguments, team?.pointee.index == 0 else { return }
  let call = arguments.load(as: Call.self)
  guard let cell = call.cell?.assumingMemoryBound(to: Float.self) else { return }
  cell[0] *= 0.5
}

@Suite struct ExecutionTests {
  private typealias Cells = UnsafeMutablePointer<Int>

  private func step(
    _ kernel: kn_kernel, _ call: UnsafePointer<Call>, threads: Int = 99
  ) -> kn_step {
    kn_step(kernel: kernel, arguments: call, loop: nil, threads: threads)
  }

  private func step(_ loop: UnsafePointer<kn_loop>, threads: Int = 99) -> kn_step {
    kn_step(kernel: nil, arguments: nil, loop: loop, threads: threads)
  }

  private func run(_ steps: [kn_step], threads: Int) {
    kn_execute_exactly(steps, steps.count, threads, nil)
  }

  private func values(_ cells: Cells, _ count: Int) -> [Int] {
    Array(UnsafeBufferPointer(start: cells, count: count))
  }

  /// What `takeTurns` leaves in a cell that held one.
  private func afterTurns(_ rounds: Int) -> Int {
    (0..<rounds).reduce(1) { value, _ in value * 3 % 1_000_003 + 1 }
  }

  /// A field of a structure, as pointer updates address it.
  private func field(_ address: UnsafeMutableRawPointer, at offset: Int? = 0)
    -> UnsafeMutablePointer<UnsafeMutableRawPointer?>
  {
    (address + (offset ?? 0)).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  }

  @Test(arguments: [1, 2, 5], [1, 2, 9])
  func `nested loops move pointers before every iteration`(threads: Int, loopThreads: Int) {
    withMemory { memory in
      let cells = memory.array([Int](repeating: 0, count: 13))
      let start = UnsafeMutableRawPointer(cells).assumingMemoryBound(to: CChar.self)
      let call = memory.one(Call())
      let inner = memory.one(kn_pointer_update(field: field(call), start: start, stride: 8))
      // The outer loop moves the start of the inner one by three cells.
      let innerStart = field(
        inner, at: MemoryLayout<kn_pointer_update>.offset(of: \kn_pointer_update.start))
      let outer = memory.one(kn_pointer_update(field: innerStart, start: start, stride: 24))
      let body = memory.array([step(increment, call, threads: 1), step(increment, call)])
      let innerLoop = memory.one(
        kn_loop(count: 3, body: body, body_count: 2, updates: inner, update_count: 1))
      let outerBody = memory.one(step(innerLoop, threads: loopThreads))
      let outerLoop = memory.one(
        kn_loop(count: 4, body: outerBody, body_count: 1, updates: outer, update_count: 1))
      for _ in 0..<50 { run([step(outerLoop)], threads: threads) }
      #expect(values(cells, 13) == [Int](repeating: 100, count: 12) + [0])
    }
  }

  @Test func `a loop of no iterations or no steps does nothing`() {
    withMemory { memory in
      let cells = memory.one(0)
      let body = memory.one(step(increment, memory.one(Call(cell: cells))))
      let never = memory.one(
        kn_loop(count: 0, body: body, body_count: 1, updates: nil, update_count: 0))
      let empty = memory.one(
        kn_loop(count: 3, body: nil, body_count: 0, updates: nil, update_count: 0))
      run([step(never), step(empty)], threads: 2)
      run([], threads: 2)
      #expect(cells[0] == 0)
    }
  }

  @Test func `a step has the team it asks for`() {
    withMemory { memory in
      let cells = memory.array([Int](repeating: 0, count: 6))
      let call = memory.one(Call(cell: cells))
      run([step(countMembers, call, threads: 3), step(countMembers, call, threads: 2)], threads: 5)
      #expect(values(cells, 6) == [2, 2, 2, 1, 0, 0])
      run([step(countMembers, call)], threads: 0)
      #expect(values(cells, 6) == [1, 3, 2, 1, 0, 0])
    }
  }

  @Test(arguments: [1, 2, 3, 5, 8])
  func `barriers hold teams of every size together`(threads: Int) {
    let rounds = threads > kn_available_cpus() ? 1_000 : 50_000
    withMemory { memory in
      let cells = memory.array([1, 1])
      let whole = memory.one(Call(cell: cells, rounds: rounds))
      let part = memory.one(Call(cell: cells + 1, rounds: rounds))
      let steps = [
        step(takeTurns, whole), step(takeTurns, part, threads: 2), step(takeTurns, whole),
        step(takeTurns, part, threads: 1),
      ]
      run(steps, threads: threads)
      #expect(values(cells, 2) == [Int](repeating: afterTurns(2 * rounds), count: 2))
    }
  }

  @Test func `time is added to each step's count`() {
    withMemory { memory in
      let cell = memory.one(1)
      let steps = [
        step(takeTurns, memory.one(Call(cell: cell, rounds: 200_000))),
        step(takeTurns, memory.one(Call(cell: cell, rounds: 1))),
      ]
      var nanoseconds: [UInt64] = [0, 0, 5]
      kn_execute(steps, 2, 1, &nanoseconds)
      let first = nanoseconds[0]
      #expect(first > nanoseconds[1])
      kn_execute(steps, 2, 1, &nanoseconds)
      #expect(nanoseconds[0] > first)
      #expect(nanoseconds[2] == 5)
    }
  }

  @Test func `denormals are flushed inside and only inside`() {
    withMemory { memory in
      let value = memory.one(Float.leastNormalMagnitude)
      run([step(halveSmallest, memory.one(Call(cell: value)))], threads: 2)
      #expect(value[0] == 0)
      value[0] = .leastNormalMagnitude
      value[0] *= 0.5
      #expect(value[0] > 0)
    }
  }

  @Test func `several callers share the CPUs and get right results`() {
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      for _ in 0..<200 {
        withMemory { memory in
          let cells = memory.array([Int](repeating: 0, count: 9))
          let turns = memory.one(1)
          let steps = [
            step(countMembers, memory.one(Call(cell: cells))),
            step(takeTurns, memory.one(Call(cell: turns, rounds: 20))),
          ]
          kn_execute(steps, steps.count, 8, nil)
          let team = cells[0]
          let ones = [Int](repeating: 1, count: team)
          #expect(values(cells + 1, 8) == ones + [Int](repeating: 0, count: 8 - team))
          #expect(turns[0] == afterTurns(20))
        }
      }
    }
  }
}
