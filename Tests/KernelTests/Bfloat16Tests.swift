import Foundation
import Kernels
import Testing

/// The nearest bfloat16, the even one of two, found by comparing with both neighbours.
func roundedToBfloat16(_ x: Float) -> Float {
  guard x.isFinite else { return x }
  let below = Float(bitPattern: x.bitPattern & 0xffff_0000)
  let step = UInt32(0x1_0000)
  let above = Float(bitPattern: below.bitPattern + step)
  // The step past the largest number counts as 2 to the 128th, as IEEE 754 rounds.
  let top = above.isInfinite ? Double(0x1p128) * (x < 0 ? -1 : 1) : Double(above)
  let (down, up) = (abs(Double(x) - Double(below)), abs(top - Double(x)))
  if down != up { return down < up ? below : above }
  return below.bitPattern & step == 0 ? below : above
}

@Suite struct Bfloat16Tests {
  private func panel(_ isa: kn_isa) -> Int {
    switch isa {
    case KN_ISA_AVX512, KN_ISA_AVX512_BF16: 32
    case KN_ISA_AVX2: 16
    default: 8
    }
  }

  @Test func `every size around a tile is right`() {
    withEachInstructionSet { isa in
      let width = panel(isa)
      for m in [1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 31] {
        for n in [1, width - 1, width, width + 1, 4 * width, 7 * width + 5] {
          for k in [0, 1, 7, 63, 64, 65] {
            let problem = GemmProblem(m: m, n: n, k: k, bfloat16: true, bias: n % 2 == 0)
            let error = problem.firstError(in: problem.run(threads: (m + n + k) % 3 + 1))
            #expect(error == nil, "\(name(isa))")
          }
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func `bits are those of rounded weights in float32, on any team`(bTransposed: Bool) {
    withEachInstructionSet { isa in
      guard isa != KN_ISA_AVX512_BF16 else { return }
      for (m, n, k) in [(1, 200, 700), (3, 67, 385), (40, 150, 50), (30, 9, 2100), (1, 4097, 129)] {
        var problem = GemmProblem(
          m: m, n: n, k: k, bTransposed: bTransposed, bfloat16: true, bias: true, residual: true,
          activation: KN_ACTIVATION_GELU)
        let b = problem.b
        let results = [1, 2, 5].map { problem.run(threads: $0) }
        problem.bfloat16 = false
        let expected = problem.run(threads: 1, b: b)
        for result in results { #expect(result.bits == expected.bits, "\(name(isa)) \(problem)") }
      }
    }
  }

  @Test func `a row's bits do not depend on the batch around it`() {
    withEachInstructionSet { isa in
      for (n, k) in [(150, 30), (35, 800), (3, 2100)] {
        let whole = GemmProblem(m: 31, n: n, k: k, bfloat16: true)
        let a = whole.a, expected = whole.run(threads: 1)
        for m in [1, 2, 3, 4, 6, 7, 15, 20] {
          for first in [0, 5, 11] {
            var part = whole
            part.m = m
            let result = part.run(threads: m % 2 + 1, a: Array(a[first * k..<(first + m) * k]))
            #expect(result == Array(expected[first * n..<(first + m) * n]), "\(name(isa)) \(part)")
          }
        }
      }
    }
  }

  /// Ties, neighbours of ties, the largest numbers, infinities; of either sign.
  private static let hostile: [Float] = [
    0, 1, 1.003_906_25, 1.011_718_75, 1.003_906_4, 1.003_906_1, 0x1p-126, 0x1.fep127,
    0x1.fefffep127, .greatestFiniteMagnitude, .infinity, 0x1.808p-120,
  ].flatMap { [$0, -$0] }

  @Test func `hostile weights are rounded as IEEE 754 says`() {
    withEachInstructionSet { isa in
      let n = Self.hostile.count
      let problem = GemmProblem(m: 1, n: n, k: 1, bfloat16: true)
      let result = problem.run(threads: 1, a: [1], b: Self.hostile)
      #expect(result == Self.hostile.map(roundedToBfloat16), "\(name(isa))")
      // A payload in the lower half alone must not become infinity.
      let quiet = Float(bitPattern: 0x7f80_0001), negative = Float(bitPattern: 0xffff_ffff)
      let odd = problem.run(
        threads: 1, a: [1], b: [quiet, negative, 0x1p-149, -0x1p-130] + Self.hostile.dropFirst(4))
      #expect(odd[0].isNaN && odd[1].isNaN, "\(name(isa))")
      #expect(odd[2] == 0 && odd[3] == 0, "denormals are zero in kernels, \(name(isa))")
    }
  }

  @Test(arguments: [0, 1, 15, 33], [1, 2, 5])
  func `rows of a table are found, widened`(width: Int, threads: Int) {
    let rows = 10, indices: [Int32] = [4, 0, -7, 2, 9, 3, 3]
    let source = Array(
      (Self.hostile + GemmProblem.values(6, count: 400)).prefix(rows * width))
    withMemory { memory in
      let table = memory.array([UInt16](repeating: 0, count: source.count))
      for member in 0..<threads {
        var team = kn_team(index: member, count: threads, barrier: nil)
        kn_round_table_share(memory.guarded(source), source.count, table, &team)
      }
      let output = Guarded(count: indices.count * width)
      let status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
      run(
        kn_gather_bfloat16,
        kn_gather_arguments(
          count: indices.count, rows: rows, width: width, table: table,
          indices: memory.array(indices), output: output.pointer, status: status),
        threads: threads)
      #expect(output.isIntact)
      let expected = indices.flatMap { row in
        (0..<width).map { row < 0 ? 0 : roundedToBfloat16(source[Int(row) * width + $0]) }
      }
      #expect(output.floats.bits == expected.bits)
      #expect(status.pointee.first >> 32 == 2)
    }
  }
}
