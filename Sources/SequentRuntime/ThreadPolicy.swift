import Glibc
import Kernels
import SequentCompiler

/// How many threads a session runs on, and how many of them an instruction gets.
///
/// The one owner of that choice: an explicit number, else SEQUENT_NUM_THREADS, else the CPUs that
/// the process's affinity and its control group's quota allow; never more than those.
struct ThreadPolicy {
  /// The largest team.
  let team: Int
  /// How much work makes it worth another thread: many times what a barrier costs.
  var nanosecondsPerThread = 2_000.0

  /// The size of a session's team.
  ///
  /// - Throws: `RuntimeError` for a number below one, or a variable that is no such number.
  static func teamSize(explicit: Int?) throws -> Int {
    let available = max(1, Int(kn_available_cpus()))
    if let explicit {
      guard explicit > 0 else { throw RuntimeError("\(explicit) threads, expected 1 or more") }
      return min(explicit, available)
    }
    if let text = getenv("SEQUENT_NUM_THREADS") {
      let value = String(cString: text)
      guard let number = Int(value), number > 0 else {
        throw RuntimeError("SEQUENT_NUM_THREADS is '\(value)', expected a number of threads")
      }
      return min(number, available)
    }
    return available
  }

  /// How many threads an instruction gets; recurrent layers know best themselves.
  func threads(for instruction: Instruction) -> Int {
    if case .recurrentSequence = instruction.kernel {
      var arguments = instruction.recurrentArguments
      return max(1, kn_recurrent_choose_plan(&arguments, team).threads)
    }
    let wanted = nanoseconds(instruction) / nanosecondsPerThread
    return wanted < Double(team) ? max(1, Int(wanted)) : team
  }

  /// A rough time on one thread, in nanoseconds.
  private func nanoseconds(_ instruction: Instruction) -> Double {
    let flopsPerNanosecond: Double =
      switch instruction.kernel {
      case .gemm, .recurrentSequence: 80
      default: 10
      }
    let bytesPerNanosecond = 20.0
    return max(
      instruction.flops / flopsPerNanosecond, instruction.bytes / bytesPerNanosecond)
  }
}
