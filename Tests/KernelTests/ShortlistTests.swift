import Foundation
import Kernels
import Testing

/// One call of `kn_shortlist_argmax`, beside the product that it need not compute.
private struct ShortlistProblem {
  let m, n, k: Int
  /// `[m, k]`, and `[n, k]`: columns of b lie in one piece.
  var a, b: [Float]
  var type = KN_WEIGHTS_FLOAT32

  init(_ m: Int, _ n: Int, _ k: Int, seed: UInt64 = 1) {
    (self.m, self.n, self.k) = (m, n, k)
    var numbers = Numbers(seed: seed)
    a = numbers.floats(m * k)
    b = numbers.floats(n * k, in: -0.1...0.1)
  }

  /// A team's members one after the other.
  private func pack(_ share: (UnsafePointer<kn_team>) -> Void) {
    for member in 0..<3 {
      var team = kn_team(index: member, count: 3, barrier: nil)
      share(&team)
    }
  }

  /// What the kernel chooses, and what is largest in the product.
  ///
  /// - Parameter spoiled: packed panels whose weights are made too large after the shortlist was made.
  func run(
    threads: Int, spoiled: (Int) -> Bool = { _ in false }
  ) -> (chosen: [Int32], wanted: [Int32]) {
    withMemory { memory in
      let a = memory.guarded(self.a), b = memory.guarded(self.b)
      let isHalf = type == KN_WEIGHTS_BFLOAT16
      let size = (isHalf ? kn_gemm_packed_bfloat16_size : kn_gemm_packed_size)(k, n)
      let packed = memory.guarded(count: size)
      let shortlist = memory.guarded(count: kn_shortlist_size(k, n))
      pack { team in
        (isHalf ? kn_gemm_pack_bfloat16_share : kn_gemm_pack_share)(b, k, n, 1, k, packed, team)
        kn_shortlist_pack_share(b, k, n, 1, k, type, shortlist, team)
      }
      let clean = memory.guarded((0..<size).map { packed[$0] })
      let panel = kn_gemm_packed_size(k, 1)
      for index in 0..<(panel == 0 ? 0 : size) where spoiled(index / panel) { packed[index] = 1e9 }
      let space = kn_shortlist_workspace_size(m, n, k, threads)
      let workspace = memory.guarded(count: space)
      let output = memory.guarded(count: m)
      let chosen = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Int32.self)
      KernelTests.run(
        kn_shortlist_argmax,
        kn_shortlist_arguments(
          m: m, n: n, k: k, a: a, a_row_stride: k, packed: packed, packed_type: type,
          shortlist: shortlist, output: chosen, workspace: workspace), threads: threads)
      #expect(memory.guardsHold)
      let product = product(a, clean)
      let wanted = (0..<m).map { row in
        var (best, position) = (-Float.infinity, 0)
        for j in 0..<n where product[row * n + j] > best {
          (best, position) = (product[row * n + j], j)
        }
        return Int32(position)
      }
      return ((0..<m).map { chosen[$0] }, wanted)
    }
  }

  private func product(
    _ a: UnsafePointer<Float>, _ packed: UnsafePointer<Float>
  ) -> [Float] {
    withMemory { memory in
      let c = memory.guarded(count: m * n)
      var arguments = kn_gemm_arguments()
      (arguments.m, arguments.n, arguments.k) = (m, n, k)
      (arguments.a, arguments.a_row_stride, arguments.a_column_stride) = (a, k, 1)
      (arguments.packed, arguments.packed_type) = (packed, type)
      (arguments.c, arguments.c_row_stride, arguments.scale) = (c, n, 1)
      (arguments.outer_count, arguments.inner_count) = (1, 1)
      arguments.workspace = memory.guarded(count: kn_gemm_workspace_size(&arguments, 1))
      KernelTests.run(kn_gemm, arguments)
      return (0..<m * n).map { c[$0] }
    }
  }

  /// Checks every instruction set and team.
  func check(_ comment: String = "") {
    withEachInstructionSet { isa in
      for threads in [1, 2, 5] {
        let (chosen, wanted) = run(threads: threads)
        #expect(chosen == wanted, "\(comment) \(m) x \(n) x \(k) \(name(isa)) \(threads) threads")
      }
    }
  }
}

@Suite struct ShortlistTests {
  private static let types = [KN_WEIGHTS_FLOAT32, KN_WEIGHTS_BFLOAT16]

  @Test(arguments: 1...4, types) func `the largest is found`(m: Int, type: kn_weight_type) {
    for (n, k) in [
      (0, 5), (1, 1), (31, 63), (32, 64), (33, 65), (63, 1), (64, 128), (65, 2), (129, 300),
      (1000, 96), (7, 0), (65, 4099),
    ] {
      var problem = ShortlistProblem(m, n, k)
      problem.type = type
      problem.check()
    }
  }

  @Test func `what can't be largest is not multiplied`() {
    var problem = ShortlistProblem(1, 640, 64)
    // The row has column 321's direction: no other column comes near.
    for p in 0..<64 { problem.a[p] = 30 * problem.b[321 * 64 + p] }
    withEachInstructionSet { isa in
      let width = kn_gemm_packed_size(64, 1) / 64
      for threads in [1, 2, 5] {
        let (chosen, wanted) = problem.run(threads: threads) { $0 != 321 / width }
        #expect(chosen == [321] && wanted == [321], "\(name(isa)), \(threads) threads")
      }
    }
  }

  @Test(arguments: types)
  func `columns that bytes do not tell apart are`(type: kn_weight_type) {
    var problem = ShortlistProblem(2, 200, 80)
    problem.type = type
    // All the same but for a little in one place, which more columns than one may have most of.
    var numbers = Numbers(seed: 3)
    for j in 0..<200 {
      problem.b.replaceSubrange(j * 80..<(j + 1) * 80, with: problem.b[0..<80])
      problem.b[j * 80 + j % 80] += Float(Int.random(in: 0...4, using: &numbers)) * 0x1p-10
    }
    problem.check("nearly equal")
    for j in 1..<200 { problem.b.replaceSubrange(j * 80..<(j + 1) * 80, with: problem.b[0..<80]) }
    problem.check("equal")
    problem.b = [Float](repeating: 0, count: problem.b.count)
    problem.check("zeros")
  }

  @Test(arguments: types) func `sizes of all kinds are told apart`(type: kn_weight_type) {
    var numbers = Numbers(seed: 4)
    for exponents in [-30...30, -126...(-90), 60...126, -149...(-120)] as [ClosedRange<Int>] {
      var problem = ShortlistProblem(3, 150, 70)
      problem.type = type
      problem.b = problem.b.map {
        $0 * Float(sign: .plus, exponent: .random(in: exponents, using: &numbers), significand: 1)
      }
      problem.check("weights of \(exponents)")
      (problem.a[70], problem.a[5]) = (3e38, -0x1p-140)
      problem.check("and an element that hides the others")
      problem.a = problem.a.map { $0 * 1e-30 }
      problem.check("and small rows")
    }
  }

  @Test(arguments: types)
  func `NaN is never largest, and infinity is`(type: kn_weight_type) {
    let special: [Float] = [.nan, .infinity, -.infinity]
    for value in special {
      var problem = ShortlistProblem(3, 100, 40)
      problem.type = type
      problem.b[17 * 40 + 3] = value
      problem.check("a weight \(value)")
      problem.b[18 * 40 + 9] = -value
      problem.a[40] = value
      problem.check("a row with \(value)")
      problem.b = problem.b.map { _ in value }
      problem.check("all weights \(value)")
    }
  }

  // Below, column 1 has the largest element by a hair, and looks smaller in bytes by almost all that
  // its bound allows; column 70, of another panel, looks as large as it is.

  @Test func `what bytes leave of a column is bounded`() {
    for seed in 1...20 as ClosedRange<UInt64> {
      var problem = ShortlistProblem(1, 128, 64, seed: seed)
      let column = Array(problem.b[64..<128]), scale = column.map(abs).max().map { $0 / 127 } ?? 1
      // The row is what bytes leave: the bound of Cauchy and Schwarz is reached.
      problem.a = column.map { ($0 - scale * ($0 / scale).rounded()) / scale }
      problem.b = problem.b.map { _ in 0 }
      problem.b.replaceSubrange(64..<128, with: column)
      let largest = zip(problem.a, column).reduce(0) { $0 + $1.0 * $1.1 }
      let left = problem.a.reduce(0) { $0 + $1 * $1 } * scale
      let factor = (largest - 0.02 * left) / problem.a.reduce(0) { $0 + abs($1) }
      for p in 0..<64 { problem.b[70 * 64 + p] = problem.a[p] < 0 ? -factor : factor }
      problem.check("seed \(seed)")
    }
  }

  @Test func `what rounding leaves of a row is bounded`() {
    for seed in 1...20 as ClosedRange<UInt64> {
      var problem = ShortlistProblem(1, 128, 64, seed: seed)
      // An element that makes the others' steps large, and is a whole number of steps itself.
      problem.a[9] = 1000
      let unit = Float(1000) / Float(Int16.max)
      let left = problem.a.map { $0 - unit * ($0 / unit).rounded() }
      problem.b = problem.b.map { _ in 0 }
      for p in 0..<64 where p != 9 { problem.b[64 + p] = left[p] < 0 ? -127 : 127 }
      let largest = zip(problem.a, problem.b[64...]).reduce(0) { $0 + $1.0 * $1.1 }
      let hair = 127 * left.reduce(0) { $0 + abs($1) } / 4
      problem.b[70 * 64 + 9] = (largest - hair) / 1000
      if largest > hair { problem.check("seed \(seed)") }
    }
  }

  @Test func `the product's own rounding is allowed for`() {
    var numbers = Numbers(seed: 8)
    // Whole numbers: bytes tell the sums exactly, and in float32 they depend on the order of addends.
    // The columns of one panel have a little more; among so many others one has more in the product.
    var problem = ShortlistProblem(1, 4096, 64)
    problem.a = [8] + [Float](repeating: 32_767, count: 63)
    for j in 0..<4096 {
      let rest = (0..<62).map { Float($0 * 2 + 1) }.shuffled(using: &numbers)
      problem.b.replaceSubrange(j * 64..<(j + 1) * 64, with: [j / 64 == 5 ? 1 : 0] + rest + [127])
    }
    let (_, wanted) = problem.run(threads: 1)
    #expect(wanted[0] / 64 != 5)
    problem.check()
  }

  @Test func `sizes that over- or underflow are told apart`() {
    var problem = ShortlistProblem(1, 128, 64)
    let (a, b) = (problem.a, problem.b)
    for (rows, columns) in [(-49, -56), (-63, -60), (-80, 40), (90, -100), (60, 60), (45, 45)] {
      problem.a = a.map { $0 * Float(sign: .plus, exponent: rows, significand: 1) }
      problem.b = b.map { $0 * Float(sign: .plus, exponent: columns, significand: 1) }
      problem.check("2^\(rows) by 2^\(columns)")
    }
    problem.b = b
    problem.a = a.map { _ in 0 }
    problem.a[3] = 3e38
    problem.check("one large element")
  }

  @Test func `denormals are taken for zero as the product takes them`() {
    var problem = ShortlistProblem(1, 128, 64)
    problem.a = problem.a.map { $0 * 0x1p-70 }
    problem.b = problem.b.map { $0 * 0x1p-56 }
    problem.check()
  }
}
