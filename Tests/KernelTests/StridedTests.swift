import Kernels
import Testing

/// A shape, and for each of three inputs the strides over it.
private struct Pattern: Sendable, CustomTestStringConvertible {
  let shape: [Int]
  let strides: [[Int]]

  var testDescription: String { "\(shape) \(strides)" }

  init(_ shape: [Int], _ strides: [Int]...) {
    (self.shape, self.strides) = (shape, strides)
  }

  static let all = [
    Pattern([], [], [], []),
    Pattern([0, 4], [4, 1], [0, 1], [1, 0]),
    Pattern([3, 0], [0, 1], [0, 1], [1, 0]),
    Pattern([1], [7], [0], [1]),
    Pattern([1, 1, 5, 1], [9, 9, 1, 3], [0, 0, 0, 0], [1, 1, 1, 1]),
    // A bias row, a column of row means.
    Pattern([7, 33], [33, 1], [0, 1], [1, 0]),
    Pattern([2, 1100], [1100, 1], [0, 0], [1, 0]),
    // Every other element, a transposed matrix, rows with gaps.
    Pattern([40, 17], [34, 2], [1, 40], [20, 1]),
    Pattern([3, 700], [1400, 2], [0, 3], [0, 0]),
    // Backwards.
    Pattern([5, 30], [30, -1], [-30, 1], [-30, -1]),
    // Dimensions that merge for all, for some, and for none.
    Pattern([2, 3, 4, 5], [60, 20, 5, 1], [60, 20, 5, 1], [60, 20, 5, 1]),
    Pattern([2, 3, 4, 5], [60, 20, 5, 1], [0, 20, 5, 1], [0, 0, 0, 1]),
    Pattern([2, 3, 4, 5], [1, 2, 6, 24], [20, 0, 5, 1], [0, 5, 0, 1]),
    Pattern(
      [2, 2, 2, 2, 2, 2, 2, 3], [0, 3, 0, 6, 0, 12, 0, 1], [1, 2, 4, 8, 16, 32, 64, 0],
      [0, 0, 0, 0, 0, 0, 0, 1]),
  ]

  /// The smallest offset, at which the first element lies, and how many elements there are.
  func extent(_ input: Int) -> (start: Int, count: Int) {
    let reach = zip(shape, strides[input]).map { max($0 - 1, 0) * $1 }
    let start = -reach.filter { $0 < 0 }.reduce(0, +)
    return (start, start + reach.filter { $0 > 0 }.reduce(0, +) + 1)
  }
}

@Suite struct StridedTests {
  @Test(arguments: Pattern.all, [1, 2, 5])
  private func `select walks three strided inputs`(pattern: Pattern, threads: Int) {
    let extents = (0..<3).map(pattern.extent)
    let condition = (0..<extents[0].count).map { UInt32($0 % 3 == 0 ? 0 : 1) }
    let values = [1, 2].map { input in (0..<extents[input].count).map { UInt32($0 + 1000 * input) }
    }
    let memory = [condition] + values
    let buffers = memory.map { Guarded($0, canary: 1) }
    let output = Guarded(count: pattern.shape.reduce(1, *))
    let strides = pattern.strides.map { eight($0, filler: 0) }
    let starts = zip(buffers, extents).map { buffer, extent in
      UnsafeRawPointer(buffer.pointer.map { $0 + extent.start })
    }
    run(
      kn_select,
      kn_elementwise_arguments(
        function: 0, rank: pattern.shape.count, shape: eight(pattern.shape, filler: 0),
        strides: (strides[0], strides[1], strides[2]), inputs: (starts[0], starts[1], starts[2]),
        output: output.pointer), threads: threads)
    let expected = indices(pattern.shape).map { index in
      let at = (0..<3).map { extents[$0].start + offset(index, pattern.strides[$0]) }
      return condition[at[0]] != 0 ? memory[1][at[1]] : memory[2][at[2]]
    }
    #expect(output.elements == expected)
    #expect(output.isIntact)
  }

  @Test(arguments: vectorSizes) func `casts truncate, saturate and count NaN as zero`(count: Int) {
    let floats: [Float] = [
      0, -0.0, 0.9, -0.9, 1.5, -1.5, 2_147_483_520, 2_147_483_648, -2_147_483_648, 1e20, -1e20,
      .infinity, -.infinity, .nan, 16_777_216, -3,
    ]
    let integers: [Int32] = [0, 1, -1, .max, .min, 16_777_217, 100]
    let x = (0..<count).map { floats[$0 % floats.count] }
    let n = (0..<count).map { integers[$0 % integers.count] }
    func cast(_ function: kn_cast_function, _ input: Input) -> [UInt32] {
      elementwise(kn_cast, Int(function.rawValue), shape: [count], [input], threads: 2)
    }
    let truncated = x.map { $0.isNaN ? 0 : Int32(clamping: Int(max(min($0, 1e15), -1e15))) }
    #expect(cast(KN_CAST_F32_TO_I32, Input(x)) == truncated.map { UInt32(bitPattern: $0) })
    #expect(cast(KN_CAST_F32_TO_BOOL, Input(x)) == x.map { $0 == 0 ? 0 : 1 })
    #expect(cast(KN_CAST_I32_TO_F32, Input(n)) == n.map { Float($0).bitPattern })
    #expect(cast(KN_CAST_I32_TO_BOOL, Input(n)) == n.map { $0 == 0 ? 0 : 1 })
    let bools = n.map { Int32($0 == 0 ? 0 : 1) }
    #expect(cast(KN_CAST_BOOL_TO_F32, Input(bools)) == bools.map { Float($0).bitPattern })
    #expect(cast(KN_CAST_BOOL_TO_I32, Input(bools)) == bools.map { UInt32($0) })
  }

  @Test(arguments: [[1, 0, 1], [1, 17, 1], [3, 5, 7], [2, 1000, 1], [2, 0, 3]], [1, 5])
  func `iota counts along its axis`(shape: [Int], threads: Int) {
    for isFloat in [false, true] {
      let output = Guarded(count: shape.reduce(1, *))
      run(
        kn_iota,
        kn_iota_arguments(
          outer: shape[0], length: shape[1], inner: shape[2], is_float: isFloat ? 1 : 0,
          output: output.pointer), threads: threads)
      let expected = indices(shape).map { isFloat ? Float($0[1]).bitPattern : UInt32($0[1]) }
      #expect(output.elements == expected)
      #expect(output.isIntact)
    }
  }

  @Test(arguments: vectorSizes, [1, 5]) func `fill repeats its value`(count: Int, threads: Int) {
    let output = Guarded(count: count)
    run(
      kn_fill, kn_fill_arguments(count: count, value: 77, output: output.pointer),
      threads: threads)
    #expect(output.elements == [UInt32](repeating: 77, count: count))
    #expect(output.isIntact)
  }
}
