import Kernels
import Testing

/// Products that round both operands to bfloat16 and multiply pairs.
@Suite(.enabled(if: kn_isa_supported(KN_ISA_AVX512_BF16))) struct Bfloat16PairsTests {
  private func withPairs(_ body: () throws -> Void) rethrows {
    let before = kn_isa_active()
    defer { kn_isa_select(before) }
    kn_isa_select(KN_ISA_AVX512_BF16)
    try body()
  }

  /// Rows of k columns whose elements 2q and 2q + 1 have changed places, an odd one's partner zero.
  private func swapped(_ matrix: [Float], rows: Int, columns k: Int) -> [Float] {
    (0..<rows).flatMap { row in
      (0..<(k + 1) / 2 * 2).map { p in p ^ 1 < k ? matrix[row * k + (p ^ 1)] : 0 }
    }
  }

  private func transposed(_ matrix: [Float], rows: Int, columns: Int) -> [Float] {
    (0..<rows * columns).map { matrix[$0 % rows * columns + $0 / rows] }
  }

  @Test(arguments: [false, true], [false, true])
  func `bits are those of float32 on both operands rounded, each pair's second first`(
    aTransposed: Bool, accumulate: Bool
  ) {
    withPairs {
      for (m, n, k) in [
        (1, 200, 700), (3, 67, 385), (4, 0, 3), (0, 4, 3), (40, 150, 51), (30, 9, 4099), (2, 5, 1),
        (14, 257, 64), (15, 33, 63), (6, 64, 2), (1, 4097, 129), (5, 40, 0),
      ] {
        let problem = GemmProblem(
          m: m, n: n, k: k, aTransposed: aTransposed, bTransposed: true, bfloat16: true,
          accumulate: accumulate, bias: true, residual: true, scale: 0.75,
          activation: KN_ACTIVATION_GELU)
        let results = [1, 2, 5].map { problem.run(threads: $0) }
        var exact = problem
        (exact.k, exact.aTransposed, exact.bfloat16) = ((k + 1) / 2 * 2, false, false)
        var a = problem.a.map(roundedToBfloat16)
        if aTransposed { a = transposed(a, rows: k, columns: m) }
        let expected = exact.run(
          threads: 1, a: swapped(a, rows: m, columns: k),
          b: swapped(problem.b, rows: n, columns: k))
        for result in results { #expect(result.bits == expected.bits, "\(problem)") }
      }
    }
  }

  @Test func `products of small whole numbers are exact`() {
    withPairs {
      let (m, n, k) = (17, 70, 255)
      let a = (0..<m * k).map { Float($0 * 37 % 201 - 100) }
      let b = (0..<k * n).map { Float($0 * 53 % 199 - 99) }
      var problem = GemmProblem(m: m, n: n, k: k, bfloat16: true)
      let result = problem.run(threads: 2, a: a, b: b)
      problem.bfloat16 = false
      #expect(result == problem.run(threads: 1, a: a, b: b))
    }
  }

  @Test(arguments: [(1, 2), (2, 3), (7, 1)], [1, 2, 5])
  func `batches are right`(counts: (Int, Int), threads: Int) {
    withPairs {
      let problem = GemmProblem(
        m: 5, n: 21, k: 391, bfloat16: true, residual: true, outer: counts.0, inner: counts.1)
      #expect(problem.firstError(in: problem.run(threads: threads)) == nil)
    }
  }

  @Test func `hostile operands reach their rows and no others`() {
    withPairs {
      let (m, n, k) = (7, 35, 21)
      let problem = GemmProblem(m: m, n: n, k: k, bfloat16: true)
      var a = problem.a
      // Its payload is in the half that rounding drops: it must not become infinity.
      a[k + 20] = Float(bitPattern: 0x7f80_0001)
      a[2 * k] = .infinity
      a[3 * k + 1] = -.greatestFiniteMagnitude  // nearer to infinity in bfloat16
      a.replaceSubrange(4 * k..<5 * k, with: repeatElement(0x1p-130, count: k))
      a.replaceSubrange(5 * k..<6 * k, with: repeatElement(-0x1p-149, count: k))
      let result = problem.run(threads: 1, a: a), clean = problem.run(threads: 1)
      for (place, x) in result.enumerated() {
        switch place / n {
        case 1: #expect(x.isNaN, "element \(place)")
        case 2, 3: #expect(x.isInfinite, "element \(place)")
        case 4, 5: #expect(x == 0, "denormals are zero, element \(place)")
        default: #expect(x == clean[place], "element \(place)")
        }
      }
    }
  }

  @Test func `every operand is rounded as IEEE 754 says`() {
    withPairs {
      let values: [Float] = [
        1, 1.003_906_25, 1.011_718_75, 1.003_906_4, 1.003_906_1, 0x1p-126, 0x1.fep127,
        0x1.fefffep127, 0x1.ffp127, .greatestFiniteMagnitude, .infinity, 0x1.808p-120,
      ].flatMap { [$0, -$0] }
      // One to a row: the vectors that round them have no other number.
      for k in [1, 2, 31, 33, 65] {
        let problem = GemmProblem(m: values.count, n: 1, k: k, bfloat16: true)
        var a = [Float](repeating: 0, count: values.count * k), b = [Float](repeating: 0, count: k)
        for (row, value) in values.enumerated() { a[row * k + k - 1] = value }
        b[k - 1] = 1
        #expect(problem.run(threads: 1, a: a, b: b).bits == values.map(roundedToBfloat16).bits)
      }
    }
  }
}
