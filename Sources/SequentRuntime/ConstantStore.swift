import SequentCompiler
import SequentIR

/// The constants of a model in memory: read, computed or packed when first needed.
///
/// A constant is kept as long as a plan uses it; what only went into making another is let go at
/// once. Used by one thread at a time: the executable holds its lock meanwhile.
struct ConstantStore {
  private let source: any ParameterSource
  private let target: Target
  /// What is known of constants, over all functions of the module.
  var pool: ConstantPool
  private var known: [Int: WeakMemory] = [:]

  private struct WeakMemory {
    weak var memory: Memory?
  }

  init(_ source: any ParameterSource, _ target: Target) {
    self.source = source
    self.target = target
    pool = ConstantPool(bfloat16Parameters: source.bfloat16Parameters)
  }

  /// The memory of a constant.
  mutating func memory(of position: Int) throws -> Memory {
    if let memory = known[position]?.memory { return memory }
    let entry = pool.entries[position]
    let memory = try Memory(bytes: entry.count * 4, for: "a weight of shape \(entry.shape)")
    switch entry.definition {
    case .parameter(let name):
      try source.withElements(ofParameter: name) { bytes in
        if let base = bytes.baseAddress {
          memory.base.copyMemory(from: base, byteCount: min(bytes.count, entry.count * 4))
        }
      }
    case .literal(_, let bits):
      memory.base.copyMemory(from: bits, byteCount: bits.count * 4)
    case .operation, .packed:
      try make(position, into: memory)
    }
    known[position] = WeakMemory(memory: memory)
    return memory
  }

  /// Runs the plan that makes a constant from others.
  private mutating func make(_ position: Int, into output: Memory) throws {
    let plan = try Lowering.plan(constant: position, target, constants: &pool)
    let arena = try Memory(bytes: plan.arenaBytes, for: "a weight's computation")
    let policy = ThreadPolicy(team: target.threads)
    try withBases(of: plan.constants[...], [:]) { constants in
      let bases = plan.buffers.map { buffer -> UnsafeMutableRawPointer? in
        switch buffer.storage {
        case .arena: arena.base + buffer.offset
        case .constant(let constant): constants[constant]
        case .output: output.base
        case .input, .state: nil
        }
      }
      let program = Program(plan, bases: bases, policy)
      program.run()
      if let (position, report) = program.firstReport {
        throw plan.error(position, report)
      }
    }
  }

  /// Calls `body` with where constants begin; parameters that nobody else uses stay in their file.
  private mutating func withBases(
    of positions: ArraySlice<Int>, _ bases: [Int: UnsafeMutableRawPointer],
    _ body: ([Int: UnsafeMutableRawPointer]) throws -> Void
  ) throws {
    guard let position = positions.first else { return try body(bases) }
    var bases = bases
    let source = source
    if case .parameter(let name) = pool.entries[position].definition,
      known[position]?.memory == nil
    {
      try source.withElements(ofParameter: name) { bytes in
        // Kernels only read it: the pointer is mutable because those to other buffers are.
        bases[position] = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        try withBases(of: positions.dropFirst(), bases, body)
      }
    } else {
      let memory = try memory(of: position)
      bases[position] = memory.base
      try withExtendedLifetime(memory) {
        try withBases(of: positions.dropFirst(), bases, body)
      }
    }
  }
}
