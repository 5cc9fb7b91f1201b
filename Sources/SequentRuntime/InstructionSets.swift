import Kernels

/// The instruction sets that kernels are written for.
public enum InstructionSets {
  /// The one in use: the best that the CPU has, or what SEQUENT_ISA lowers it to.
  public static var active: String { String(cString: kn_isa_name(kn_isa_active())) }

  /// Those that this CPU has, the best last.
  public static var supported: [String] {
    (0..<UInt32(KN_ISA_COUNT)).map { kn_isa(rawValue: $0) }.filter { kn_isa_supported($0) }
      .map { String(cString: kn_isa_name($0)) }
  }

  /// Whether products with bfloat16 weights round what they multiply to bfloat16 too.
  public static var roundsActivations: Bool { kn_isa_active() == KN_ISA_AVX512_BF16 }

  /// Runs a body, and what it compiles, with products whose only rounded operand are the weights.
  public static func withoutRoundingActivations<Result>(
    _ body: () throws -> Result
  ) rethrows -> Result {
    let before = kn_isa_active()
    kn_isa_select(kn_isa_vectors())
    defer { kn_isa_select(before) }
    return try body()
  }
}
