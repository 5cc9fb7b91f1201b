import SequentIR

/// A function lowered for given sizes: kernel calls over views of buffers, and where those lie.
///
/// A plan holds no pointers and no weights: it is shared by all sessions that run these sizes.
public struct Plan: Sendable {
  /// Where a buffer's memory comes from.
  public enum Storage: Hashable, Sendable {
    /// The plan's arena, at an offset.
    case arena
    /// A parameter, a literal or something computed from these once.
    case constant(Int)
    /// The session's buffer for an input, a result or a state, by its name.
    case input(String)
    case output(String)
    case state(String)
  }

  /// Memory for one or, in turn, several tensors.
  public struct Buffer: Hashable, Sendable {
    public var storage: Storage
    /// The number of elements.
    public var count: Int
    /// How many loops are around whatever the buffer holds.
    public var depth: Int
    /// The first byte in the arena.
    public var offset = 0

    /// The number of bytes.
    public var bytes: Int { count * 4 }
  }

  /// Instructions that run `count` times.
  public struct Loop: Hashable, Sendable {
    /// Their positions; loops nest.
    public var body: Range<Int>
    public var count: Int
    /// How many loops are around this one.
    public var depth: Int
    /// The operation it came from, as instructions count them.
    public var origin: Int
  }

  /// A named tensor that goes in or comes out.
  public struct Port: Hashable, Sendable {
    public var name: String
    public var type: TensorType
    public var view: View
  }

  /// Where an instruction came from.
  public struct Source: Sendable {
    /// The operation's word in the text form.
    public var mnemonic: String
    /// The name of its first result.
    public var name: String
    public var origin: Origin
  }

  /// The sizes that the plan is for.
  public let bindings: Bindings
  /// All memory.
  public internal(set) var buffers: [Buffer]
  /// What runs, in order.
  public internal(set) var instructions: [Instruction]
  /// The loops, outer ones before those in them.
  public internal(set) var loops: [Loop]
  /// The inputs that are not states.
  public internal(set) var inputs: [Port]
  /// The results that are not states.
  public internal(set) var outputs: [Port]
  /// The states.
  public internal(set) var states: [Port]
  /// What `Instruction.origin` counts.
  public internal(set) var sources: [Source]
  /// The size of the arena.
  public internal(set) var arenaBytes = 0
  /// The most bytes that are alive at one time: no arena can be smaller.
  public internal(set) var lowerBoundBytes = 0

  /// The constants that must be there before the plan runs: those that an instruction reads.
  public var constants: [Int] {
    bytesOfConstants.keys.sorted()
  }

  /// How many bytes they take.
  public var constantBytes: Int { bytesOfConstants.values.reduce(0, +) }

  private var bytesOfConstants: [Int: Int] {
    var bytes: [Int: Int] = [:]
    for view in instructions.lazy.flatMap(\.inputs) {
      let buffer = buffers[view.buffer]
      if case .constant(let constant) = buffer.storage { bytes[constant] = buffer.bytes }
    }
    return bytes
  }

  /// How often an instruction runs in one run of the plan.
  public func repetitions(of position: Int) -> Int {
    loops.reduce(1) { $1.body.contains(position) ? $0 * $1.count : $0 }
  }

  /// How many kernels one run calls; every iteration of a loop counts.
  public var kernelCount: Int {
    instructions.indices.reduce(0) { $0 + repetitions(of: $1) }
  }

  /// The floating-point operations of one run.
  public var flops: Double {
    instructions.indices.reduce(0) {
      $0 + Double(repetitions(of: $1)) * instructions[$1].flops
    }
  }
}
