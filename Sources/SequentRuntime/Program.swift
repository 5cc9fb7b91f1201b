import Kernels
import SequentCompiler
import SequentIR

/// A plan with pointers: what the kernels' executor runs.
///
/// The memory that the pointers lead to is kept by whoever made the program.
final class Program {
  private let memory = ArgumentMemory()
  private let steps: UnsafeMutablePointer<kn_step>
  private let stepCount: Int
  private let nanoseconds: UnsafeMutablePointer<UInt64>
  private let threads: Int
  private let reports: [(position: Int, report: KernelCall.Report)]
  private let inputChecks: [InputCheck]
  /// For every step, the instruction, or the first of the loop, that it is.
  let positions: [Int]

  /// Creates a program.
  ///
  /// - Parameter bases: for every buffer of the plan, where it begins.
  init(_ plan: Plan, bases: [UnsafeMutableRawPointer?], _ policy: ThreadPolicy) {
    var builder = ProgramBuilder(plan, bases, policy, memory)
    let steps = builder.steps(plan.instructions.indices, plan.loops.indices)
    self.steps = memory.place(steps.map(\.step))
    stepCount = steps.count
    nanoseconds = memory.place(Array(repeating: 0, count: steps.count))
    positions = steps.map(\.position)
    threads = steps.map { Int($0.step.threads) }.max() ?? 1
    reports = builder.reports
    inputChecks = builder.inputChecks
  }

  /// Runs everything once, unless an index or a length among the inputs is out of range: then
  /// nothing runs, and no state changes.
  func run(isTimed: Bool = false) {
    for (_, report) in reports { report.status.pointee.first = KN_NO_BAD_INDEX }
    guard inputChecks.allSatisfy({ $0.passes() }) else { return }
    kn_execute(steps, stepCount, threads, isTimed ? nanoseconds : nil)
  }

  /// The first instruction of the last run that found bad input, with what it says.
  var firstReport: (position: Int, report: KernelCall.Report)? {
    reports.first { $0.report.status.pointee.first != KN_NO_BAD_INDEX }
  }

  /// Nanoseconds of every step since the last call of this function.
  func takeTimes() -> [UInt64] {
    let times = Array(UnsafeBufferPointer(start: nanoseconds, count: stepCount))
    nanoseconds.update(repeating: 0, count: stepCount)
    return times
  }
}

/// Integers that the caller gives and kernels trust, looked at before anything runs.
private struct InputCheck {
  let values: UnsafePointer<Int32>
  let count: Int
  let report: KernelCall.Report

  /// Whether all are in range; the first that is not is reported as the kernel would.
  func passes() -> Bool {
    let (limit, exception) = (report.largest, report.exception)
    for position in 0..<count where values[position] < 0 || values[position] > limit {
      if values[position] == exception { continue }
      let bits = UInt32(bitPattern: values[position])
      report.status.pointee.first = UInt64(position) << 32 | UInt64(bits)
      return false
    }
    return true
  }
}

/// Makes a program's structures: calls with their pointers set, loops with the updates of those that
/// move.
private struct ProgramBuilder {
  private let plan: Plan
  private let bases: [UnsafeMutableRawPointer?]
  private let policy: ThreadPolicy
  private let memory: ArgumentMemory
  private var calls: [KernelCall] = []
  /// For every loop, the pointers that move with it.
  private var updates: [UnsafeMutablePointer<kn_pointer_update>] = []
  private var updateCounts: [Int] = []
  private(set) var reports: [(position: Int, report: KernelCall.Report)] = []
  private(set) var inputChecks: [InputCheck] = []

  /// Constants that are more than this are read from memory in every run: few CPUs have a larger cache.
  private static let cachedBytes = 32 << 20

  init(
    _ plan: Plan, _ bases: [UnsafeMutableRawPointer?], _ policy: ThreadPolicy,
    _ memory: ArgumentMemory
  ) {
    (self.plan, self.bases, self.policy, self.memory) = (plan, bases, policy, memory)
    let areFar = plan.constantBytes > Self.cachedBytes
    calls = plan.instructions.map { $0.call(memory, constantsAreFar: areFar) }
    for (position, call) in calls.enumerated() {
      reports += call.reports.map { (position, $0) }
    }
    for (position, report) in reports {
      let operand = plan.instructions[position].inputs[report.operand]
      if case .input = plan.buffers[operand.buffer].storage, operand.isStill,
        let base = bases[operand.buffer]
      {
        let values = (base + operand.offset * 4).assumingMemoryBound(to: Int32.self)
        inputChecks.append(InputCheck(values: values, count: operand.count, report: report))
      }
    }
    // Structures may not move once others point to them: room for all updates is taken first.
    updateCounts = Array(repeating: 0, count: plan.loops.count)
    for (position, call) in calls.enumerated() {
      for (loop, _) in call.fields.flatMap({ moves(of: $0.view, at: position) }) {
        updateCounts[loop] += 1
      }
    }
    updates = updateCounts.map {
      memory.place(
        Array(repeating: kn_pointer_update(field: nil, start: nil, stride: 0), count: $0))
    }
    var filled = Array(repeating: 0, count: plan.loops.count)
    for (position, call) in calls.enumerated() {
      for (offset, view) in call.fields { point(call, offset, view, at: position, &filled) }
    }
  }

  /// The loops in which a view moves, innermost first, with the bytes it moves by.
  private func moves(of view: View, at position: Int) -> [(loop: Int, bytes: Int)] {
    guard !view.isStill else { return [] }
    return plan.loops.indices.reversed().compactMap { index in
      let loop = plan.loops[index]
      guard loop.body.contains(position), loop.depth < view.motion.count,
        view.motion[loop.depth] != 0
      else { return nil }
      return (index, view.motion[loop.depth] * 4)
    }
  }

  /// Sets a pointer of a call.
  ///
  /// In loops an update moves it; in outer loops one that moves where the
  /// inner one starts.
  private func point(
    _ call: KernelCall, _ offset: Int?, _ view: View, at position: Int, _ filled: inout [Int]
  ) {
    guard let offset, let base = bases[view.buffer] else { return }
    let start = base + view.offset * 4
    var field = (call.arguments + offset).assumingMemoryBound(
      to: Optional<UnsafeMutableRawPointer>.self)
    field.pointee = start
    for (loop, bytes) in moves(of: view, at: position) {
      let update = updates[loop] + filled[loop]
      filled[loop] += 1
      update.pointee = kn_pointer_update(
        field: field, start: start.assumingMemoryBound(to: CChar.self), stride: bytes)
      let next = MemoryLayout.offset(of: \kn_pointer_update.start) ?? 0
      field = (UnsafeMutableRawPointer(update) + next).assumingMemoryBound(
        to: Optional<UnsafeMutableRawPointer>.self)
    }
  }

  /// The steps of some instructions, loops among them made one step.
  mutating func steps(
    _ positions: Range<Int>, _ loops: Range<Int>
  ) -> [(step: kn_step, position: Int)] {
    var result: [(step: kn_step, position: Int)] = []
    var position = positions.lowerBound
    var loops = loops
    while position < positions.upperBound {
      if let index = loops.first, plan.loops[index].body.lowerBound == position {
        let loop = plan.loops[index]
        let inner = (index + 1..<loops.upperBound).prefix {
          plan.loops[$0].body.upperBound <= loop.body.upperBound
        }
        let body = steps(loop.body, index + 1..<index + 1 + inner.count)
        let threads = body.map { Int($0.step.threads) }.max() ?? 1
        let placed = memory.place(
          kn_loop(
            count: loop.count, body: memory.place(body.map(\.step)), body_count: body.count,
            updates: updates[index], update_count: updateCounts[index]))
        result.append(
          (kn_step(kernel: nil, arguments: nil, loop: placed, threads: threads), position))
        loops = index + 1 + inner.count..<loops.upperBound
        position = loop.body.upperBound
      } else {
        let threads = policy.threads(for: plan.instructions[position])
        let call = calls[position]
        result.append(
          (
            kn_step(
              kernel: call.kernel, arguments: call.arguments, loop: nil, threads: threads),
            position
          ))
        position += 1
      }
    }
    return result
  }
}
