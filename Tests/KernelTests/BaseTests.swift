import Foundation
import Kernels
import Testing

@Suite struct BaseTests {
  @Test func `an instruction set that the CPU has can be chosen`() {
    #expect(kn_isa_supported(KN_ISA_PORTABLE))
    #expect(kn_isa_supported(kn_isa_active()))
    #expect(String(cString: kn_isa_name(KN_ISA_AVX512)) == "avx512")
    #expect(String(cString: kn_isa_name(KN_ISA_AVX512_BF16)) == "avx512bf16")
  }

  @Test(arguments: [0, 1, 1000, 2 << 20, (5 << 20) + 1])
  func `memory starts on its boundary`(bytes: Int) throws {
    let memory = try #require(kn_allocate(bytes))
    defer { kn_release(memory) }
    #expect(Int(bitPattern: memory) % (bytes >= 2 << 20 ? 2 << 20 : 128) == 0)
    memset(memory, 1, bytes)
  }

  @Test func `an impossible size is refused`() {
    #expect(kn_allocate(Int.max) == nil)
  }

  @Test func `this process may use a CPU`() {
    #expect(kn_available_cpus() >= 1)
  }

  @Test func `the probe measures every limit`() {
    var result = kn_probe_result()
    // A team of one: where the CPUs are busy otherwise, a barrier takes as long as it takes.
    kn_probe(1, 0.05, &result)
    for rate in [
      result.multiply_add, result.read_first_level, result.read_second_level,
      result.read_third_level, result.read_memory,
    ] {
      #expect(rate.one > 1e8 && rate.one < 1e13)
      #expect(rate.all > 1e8 && rate.all < 1e13)
    }
    let halves = result.multiply_add_bfloat16
    #expect((halves.one > 1e8) == (kn_isa_active() == KN_ISA_AVX512_BF16))
    #expect(result.barrier_nanoseconds == 0)
    #expect(result.execute_nanoseconds > 0)
  }
}
