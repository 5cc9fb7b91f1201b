import Kernels
import Testing

@Suite struct GemmTests {
  /// Sizes around an instruction set's largest tile, rows by one panel.
  private func tile(_ isa: kn_isa) -> (rows: Int, columns: Int) {
    switch isa {
    case KN_ISA_AVX512, KN_ISA_AVX512_BF16: (14, 32)
    case KN_ISA_AVX2: (6, 16)
    default: (4, 8)
    }
  }

  private func around(_ size: Int) -> [Int] {
    [0, 1, size - 1, size, size + 1, 2 * size + 3]
  }

  private func check(_ problem: GemmProblem, threads: Int, _ isa: kn_isa) {
    let error = problem.firstError(in: problem.run(threads: threads))
    #expect(error == nil, "\(name(isa)), \(threads) threads")
  }

  @Test func `every size around a tile is right`() {
    withEachInstructionSet { isa in
      let (rows, columns) = tile(isa)
      for m in around(rows) {
        for n in around(columns) {
          for k in [0, 1, 2, 7] {
            check(GemmProblem(m: m, n: n, k: k), threads: (m + n + k) % 3 + 1, isa)
          }
        }
      }
    }
  }

  @Test func `few rows take several panels at once`() {
    withEachInstructionSet { isa in
      for m in 1...7 {
        for n in [4 * tile(isa).columns, 7 * tile(isa).columns + 5] {
          check(GemmProblem(m: m, n: n, k: 5), threads: m % 2 + 1, isa)
        }
      }
    }
  }

  @Test func `sizes around the cache blocks are right`() {
    withEachInstructionSet { isa in
      for k in [2048, 2049, 4099] {
        check(GemmProblem(m: 17, n: 3, k: k), threads: 1, isa)
        check(GemmProblem(m: 1, n: 19, k: k, aTransposed: true), threads: 1, isa)
        check(GemmProblem(m: 17, n: 3, k: k, aTransposed: true, packed: false), threads: 2, isa)
      }
      for m in [84, 85, 170] {
        check(GemmProblem(m: m, n: 2, k: 2048), threads: 1, isa)
        check(GemmProblem(m: m, n: 2, k: 2048, aTransposed: true), threads: 2, isa)
      }
      // Packed at run time, wide matrices are cut at shorter depths.
      check(GemmProblem(m: 1, n: 4096, k: 257, packed: false), threads: 2, isa)
    }
  }

  @Test func `a transposed left operand is copied block by block, panels just before their use`() {
    withEachInstructionSet { isa in
      let (rows, columns) = tile(isa)
      for m in [4 * rows, 4 * rows + 1, 9 * rows + 3] {
        for n in [columns, 3 * columns + 5] {
          for threads in 1...3 {
            let problem = GemmProblem(
              m: m, n: n, k: 70, aTransposed: true, packed: false, accumulate: true)
            check(problem, threads: threads, isa)
          }
        }
      }
    }
  }

  @Test func `rows of the result that share a cache set are right, whatever finishes them`() {
    withEachInstructionSet { isa in
      let m = 2 * tile(isa).rows + 1
      for n in [512, 1024] {
        check(GemmProblem(m: m, n: n, k: 9, bias: true, residual: true), threads: 2, isa)
        check(GemmProblem(m: m, n: n, k: 9, accumulate: true, residual: true), threads: 2, isa)
        let problem = GemmProblem(
          m: m, n: n, k: 9, bias: true, slope: true, activation: KN_ACTIVATION_GELU)
        let (values, slopes, _) = problem.results(threads: 2)
        let error = problem.firstError(in: values, slopes: slopes)
        #expect(error == nil, "\(name(isa)) \(error ?? "")")
      }
    }
  }

  @Test(arguments: [false, true], [false, true])
  func `either orientation of either operand is right`(aTransposed: Bool, bTransposed: Bool) {
    withEachInstructionSet { isa in
      for packed in [false, true] {
        for (m, n, k) in [(1, 1, 1), (5, 70, 13), (33, 41, 9), (3, 8, 400)] {
          for threads in [1, 2, 5] {
            let problem = GemmProblem(
              m: m, n: n, k: k, aTransposed: aTransposed, bTransposed: bTransposed, packed: packed)
            check(problem, threads: threads, isa)
          }
        }
      }
    }
  }

  @Test(arguments: [
    KN_ACTIVATION_NONE, KN_ACTIVATION_RELU, KN_ACTIVATION_SIGMOID, KN_ACTIVATION_TANH,
    KN_ACTIVATION_GELU, KN_ACTIVATION_GELU_TANH,
  ])
  func `epilogues are right`(activation: kn_activation) {
    withEachInstructionSet { isa in
      for bits in 0..<8 {
        for k in [0, 11, 500] {
          let problem = GemmProblem(
            m: 7, n: 37, k: k, accumulate: bits & 1 != 0, bias: bits & 2 != 0,
            residual: bits & 4 != 0, scale: bits & 1 != 0 ? 0.25 : 1, activation: activation)
          check(problem, threads: 2, isa)
        }
      }
    }
  }

  @Test(arguments: [KN_ACTIVATION_NONE, KN_ACTIVATION_TANH, KN_ACTIVATION_GELU])
  func `a residual can be a factor`(activation: kn_activation) {
    withEachInstructionSet { isa in
      for (m, n, k) in [(1, 1, 3), (7, 37, 11), (30, 96, 200), (15, 512, 9), (15, 64, 0)] {
        for (bias, outer) in [(true, 1), (false, 3)] {
          let problem = GemmProblem(
            m: m, n: n, k: k, bias: bias, residual: true, isFactor: true, scale: 0.7,
            activation: activation, outer: outer)
          check(problem, threads: 2, isa)
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func `the sums of the right operand come with the result`(bTransposed: Bool) {
    withEachInstructionSet { isa in
      // The last three cut k in slices, and rows or columns between members.
      for (m, n, k) in [
        (1, 1, 0), (1, 1, 1), (5, 70, 13), (33, 32, 9), (9, 1030, 1100), (500, 8, 2100),
        (3, 96, 700),
      ] {
        let problem = GemmProblem(
          m: m, n: n, k: k, aTransposed: true, bTransposed: bTransposed, packed: false,
          sumsColumns: true)
        let (values, _, sums) = problem.results(threads: 1)
        let b = problem.b
        for j in 0..<n {
          let column = (0..<k).map { Double(b[bTransposed ? j * k + $0 : $0 * n + j]) }
          let (sum, size) = (column.reduce(0, +), column.reduce(0) { $0 + abs($1) })
          #expect(
            abs(Double(sums[j]) - sum) <= 0x1p-22 * (size + 1), "\(name(isa)) \(problem) \(j)")
        }
        for threads in [2, 3, 5] {
          let again = problem.results(threads: threads)
          #expect(again.sums == sums && again.values == values, "\(name(isa)) \(problem)")
        }
      }
    }
  }

  @Test(arguments: [KN_ACTIVATION_GELU, KN_ACTIVATION_GELU_TANH])
  func `slopes come with the result`(activation: kn_activation) {
    withEachInstructionSet { isa in
      for (m, n, k) in [(1, 1, 3), (7, 37, 11), (30, 96, 200), (15, 64, 0)] {
        for outer in [1, 3] {
          var problem = GemmProblem(
            m: m, n: n, k: k, bias: true, slope: true, scale: 0.7, activation: activation,
            outer: outer)
          let (values, slopes, _) = problem.results(threads: 2)
          #expect(slopes.count == outer * m * n, "\(name(isa)) \(problem)")
          let error = problem.firstError(in: values, slopes: slopes)
          #expect(error == nil, "\(name(isa)) \(error ?? "")")
          problem.slope = false
          #expect(problem.run(threads: 1) == values, "\(name(isa)) \(problem)")
        }
      }
    }
  }

  @Test func `slopes end at 0 and 1, and NaN stays NaN`() {
    withEachInstructionSet { isa in
      for activation in [KN_ACTIVATION_GELU, KN_ACTIVATION_GELU_TANH] {
        let problem = GemmProblem(m: 4, n: 1, k: 1, slope: true, activation: activation)
        let a: [Float] = [-.infinity, .infinity, .nan, 1000]
        let slopes = problem.results(threads: 1, a: a, b: [1]).slopes
        #expect(slopes[0] == 0 && slopes[1] == 1 && slopes[3] == 1, "\(name(isa))")
        #expect(slopes[2].isNaN, "\(name(isa))")
      }
    }
  }

  @Test(arguments: [(1, 2), (2, 3), (7, 1)], [1, 2, 3, 5])
  func `batches are right`(counts: (Int, Int), threads: Int) {
    withEachInstructionSet { isa in
      for (packed, aTransposed) in [(true, false), (false, false), (false, true)] {
        let problem = GemmProblem(
          m: 5, n: 21, k: 390, aTransposed: aTransposed, packed: packed, residual: true,
          outer: counts.0, inner: counts.1)
        check(problem, threads: threads, isa)
      }
    }
  }

  @Test func `NaN and infinities reach their rows and no others`() {
    withEachInstructionSet { isa in
      let problem = GemmProblem(m: 6, n: 35, k: 20, activation: KN_ACTIVATION_RELU)
      var a = problem.a
      a[2 * 20 + 3] = .nan
      (a[4 * 20], a[4 * 20 + 1]) = (.infinity, .infinity)
      let result = problem.run(threads: 1, a: a), clean = problem.run(threads: 1)
      for (place, x) in result.enumerated() {
        switch place / 35 {
        case 2: #expect(x.isNaN, "\(name(isa)) element \(place)")
        case 4: #expect(x.isNaN || x.isInfinite || x == 0, "\(name(isa)) element \(place)")
        default: #expect(x == clean[place], "\(name(isa)) element \(place)")
        }
      }
    }
  }

  @Test func `bits do not depend on threads, packing or orientation`() {
    withEachInstructionSet { isa in
      for (m, n, k) in [(1, 200, 700), (3, 67, 385), (40, 150, 50), (29, 17, 400), (30, 9, 2100)] {
        let problem = GemmProblem(
          m: m, n: n, k: k, bias: true, residual: true, activation: KN_ACTIVATION_TANH)
        let expected = problem.run(threads: 1)
        for threads in [2, 5] {
          #expect(problem.run(threads: threads) == expected, "\(name(isa)) \(problem)")
        }
        var other = problem
        other.packed = false
        #expect(other.run(threads: 2) == expected, "\(name(isa)) \(other)")
        let a = problem.a
        let transposed = (0..<m * k).map { a[$0 % m * k + $0 / m] }
        other.aTransposed = true
        #expect(other.run(threads: 2, a: transposed) == expected, "\(name(isa)) \(other)")
      }
    }
  }

  @Test func `bits do not depend on where weights come from`() {
    withEachInstructionSet { isa in
      for (m, n, k) in [(1, 300, 385), (2, 67, 50), (4, 129, 70), (7, 33, 2100), (128, 40, 3072)] {
        for bfloat16 in [false, true] {
          var problem = GemmProblem(m: m, n: n, k: k, bfloat16: bfloat16, bias: true)
          let expected = problem.run(threads: 1)
          problem.isFar = true
          for threads in [1, 2] {
            #expect(problem.run(threads: threads) == expected, "\(name(isa)) \(problem)")
          }
        }
      }
    }
  }

  @Test func `a row's bits do not depend on the batch around it`() {
    withEachInstructionSet { isa in
      for (n, k) in [(150, 30), (35, 800), (3, 2100)] {
        let whole = GemmProblem(m: 31, n: n, k: k, bias: true, activation: KN_ACTIVATION_GELU)
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
}
