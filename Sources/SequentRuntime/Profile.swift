import Foundation
import SequentCompiler
import SequentIR

/// Where the time of a session's runs went.
public struct Profile: Sendable {
  /// One kernel call of the program, or one loop with all its iterations.
  public struct Entry: Sendable {
    /// The kernel; for a loop its operation, with the kernels of a step.
    public var kernel: String
    /// The name of the value it makes.
    public var name: String
    public var origin: Origin
    /// All runs together.
    public var nanoseconds: UInt64
    /// The kernels called in one run.
    public var calls: Int
    /// Floating-point operations of one run.
    public var flops: Double
  }

  /// In the order in which they run.
  public let entries: [Entry]
  /// How many runs were measured.
  public let runs: Int

  /// All entries together, per run.
  public var nanoseconds: Double {
    Double(entries.reduce(0) { $0 + $1.nanoseconds }) / Double(max(runs, 1))
  }

  /// One line for every operation, the longest first: time per run, share, calls, GFLOP/s.
  public var table: String {
    let total = max(nanoseconds, 1)
    var lines = [
      Self.row(["µs", "share", "calls", "GFLOP/s", "operation", "value", "from"])
    ]
    for entry in entries.sorted(by: { $0.nanoseconds > $1.nanoseconds }) {
      let each = Double(entry.nanoseconds) / Double(max(runs, 1))
      lines.append(
        Self.row([
          String(format: "%.1f", each / 1000), String(format: "%.1f %%", 100 * each / total),
          "\(entry.calls)", entry.flops > 0 ? String(format: "%.1f", entry.flops / each) : "",
          entry.kernel, entry.name.isEmpty ? "" : "%\(entry.name)", entry.origin.description,
        ]))
    }
    return lines.joined(separator: "\n")
  }

  private static func row(_ cells: [String]) -> String {
    let numbers = cells.prefix(4).map { cell in
      String(repeating: " ", count: max(0, 10 - cell.count)) + cell
    }
    return (numbers + ["  " + cells.dropFirst(4).joined(separator: "  ")]).joined()
  }

  /// One run in Chrome's trace format, which Perfetto opens: mean times, one behind the other.
  public func trace() throws -> String {
    var events: [[String: Any]] = []
    var start = 0.0
    for entry in entries {
      let microseconds = Double(entry.nanoseconds) / Double(max(runs, 1)) / 1000
      events.append([
        "name": entry.kernel, "cat": "kernel", "ph": "X", "pid": 1, "tid": 1, "ts": start,
        "dur": microseconds,
        "args": [
          "value": entry.name, "origin": entry.origin.description, "calls": entry.calls,
          "flops": entry.flops,
        ] as [String: Any],
      ])
      start += microseconds
    }
    let data = try JSONSerialization.data(
      withJSONObject: ["traceEvents": events, "displayTimeUnit": "ns"], options: [.sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }
}

extension Session {
  /// Runs the function on what its inputs hold, `runs` times, and measures every step.
  public func profile(runs: Int = 1) throws -> Profile {
    guard let plan, let program = currentProgram else {
      throw RuntimeError("\(function.name) has no sizes yet: call bind")
    }
    _ = program.takeTimes()
    for _ in 0..<runs { try run(isTimed: true) }
    let times = program.takeTimes()
    let ends = program.positions.dropFirst() + [plan.instructions.count]
    var entries: [Profile.Entry] = []
    for ((position, end), nanoseconds) in zip(zip(program.positions, ends), times) {
      entries.append(plan.profileEntry(position..<end, nanoseconds: nanoseconds))
    }
    return Profile(entries: entries, runs: runs)
  }
}

extension Plan {
  fileprivate func profileEntry(_ positions: Range<Int>, nanoseconds: UInt64) -> Profile.Entry {
    let first = instructions[positions.lowerBound]
    var (kernel, origin) = (first.kernel.name, first.origin)
    if let loop = loops.first(where: { $0.body.lowerBound == positions.lowerBound }) {
      // The scan's own source stands before those of its body.
      origin = loop.origin
      let steps = positions.map { instructions[$0].kernel.name }
      kernel = "\(sources[origin].mnemonic) (\(steps.joined(separator: ", ")))"
    }
    let source = sources.indices.contains(origin) ? sources[origin] : nil
    return Profile.Entry(
      kernel: kernel, name: source?.name ?? "", origin: source?.origin ?? .unknown,
      nanoseconds: nanoseconds, calls: positions.reduce(0) { $0 + repetitions(of: $1) },
      flops: positions.reduce(0) {
        $0 + Double(repetitions(of: $1)) * instructions[$1].flops
      })
  }
}
