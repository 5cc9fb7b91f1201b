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
}
