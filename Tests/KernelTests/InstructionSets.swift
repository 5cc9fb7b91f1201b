import Kernels

/// Runs a test with each instruction set that this CPU has.
func withEachInstructionSet(_ body: (kn_isa) throws -> Void) rethrows {
  let before = kn_isa_active()
  defer { kn_isa_select(before) }
  for isa in (0..<UInt32(KN_ISA_COUNT)).map(kn_isa.init(rawValue:)) where kn_isa_supported(isa) {
    kn_isa_select(isa)
    try body(isa)
  }
}

/// The name to put into a failure's comment.
func name(_ isa: kn_isa) -> String {
  String(cString: kn_isa_name(isa))
}
