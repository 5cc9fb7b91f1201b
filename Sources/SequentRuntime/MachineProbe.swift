import Kernels

/// What this machine can do at most, measured: the limits that measured times are held against.
public struct MachineProbe: Sendable {
  /// A rate by one thread, and by all together.
  public struct Rate: Sendable {
    public let one: Double
    public let all: Double
  }

  /// The instruction set that was measured.
  public let instructionSet: String
  /// How many threads all are.
  public let threads: Int
  /// Float32 operations a second, two for each fused multiply-add.
  public let multiplyAdd: Rate
  /// The same on bfloat16, summed in float32; nil where the instruction set has none.
  public let multiplyAddBfloat16: Rate?
  /// Bytes a second read from the first, second and third cache and from memory.
  public let reads: [(name: String, rate: Rate)]
  /// How long a barrier of all threads takes, in nanoseconds; 0 with one thread.
  public let barrierNanoseconds: Double
  /// How long a program that does nothing takes on all threads, in nanoseconds.
  public let executeNanoseconds: Double

  /// Measures for about so many seconds.
  ///
  /// - Parameter threads: how many are all; the session's own choice when left out.
  public init(threads: Int? = nil, seconds: Double) throws {
    let team = try ThreadPolicy.teamSize(explicit: threads)
    var result = kn_probe_result()
    kn_probe(team, seconds, &result)
    self.threads = team
    instructionSet = InstructionSets.active
    multiplyAdd = Rate(result.multiply_add)
    let halves = Rate(result.multiply_add_bfloat16)
    multiplyAddBfloat16 = halves.one > 0 ? halves : nil
    reads = [
      ("first cache", Rate(result.read_first_level)),
      ("second cache", Rate(result.read_second_level)),
      ("third cache", Rate(result.read_third_level)), ("memory", Rate(result.read_memory)),
    ]
    barrierNanoseconds = result.barrier_nanoseconds
    executeNanoseconds = result.execute_nanoseconds
  }

  /// Operations a second on so many threads, as if each added what one can do.
  ///
  /// - Parameter bfloat16: whether both operands are bfloat16, where the instruction set has that.
  public func multiplyAdd(threads: Int, bfloat16: Bool = false) -> Double {
    let rate = (bfloat16 ? multiplyAddBfloat16 : nil) ?? multiplyAdd
    return threads == self.threads ? rate.all : rate.one * Double(threads)
  }
}

extension MachineProbe.Rate {
  fileprivate init(_ rate: kn_probe_rate) { self.init(one: rate.one, all: rate.all) }
}
