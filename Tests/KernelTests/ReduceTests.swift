import Kernels
import Testing

/// A tensor in memory, and which of its axes are reduced.
private struct Layout: Sendable, CustomTestStringConvertible {
  let shape: [Int]
  let axes: [Int]
  /// Row-major unless said otherwise.
  let strides: [Int]

  init(_ shape: [Int], axes: [Int], strides: [Int]? = nil) {
    (self.shape, self.axes) = (shape, axes)
    self.strides = strides ?? denseStrides(shape)
  }

  var testDescription: String { "\(shape) over \(axes), strides \(strides)" }
  var kept: [Int] { shape.indices.filter { !axes.contains($0) } }
  var keptShape: [Int] { kept.map { shape[$0] } }
  var reducedShape: [Int] { axes.map { shape[$0] } }
  var count: Int { zip(shape, strides).reduce(1) { $0 + max($1.0 - 1, 0) * $1.1 } }

  /// For each output, the positions of its elements in order.
  var positions: [[Int]] {
    let inner = indices(reducedShape).map { offset($0, axes.map { strides[$0] }) }
    return indices(keptShape).map { index in
      let start = offset(index, kept.map { strides[$0] })
      return inner.map { start + $0 }
    }
  }

  static let all = [
    Layout([], axes: []), Layout([5], axes: []), Layout([0], axes: [0]), Layout([4, 0], axes: [1]),
    Layout([0, 4], axes: [1]), Layout([1], axes: [0]),
    // Rows: around the lanes and the blocks.
    Layout([3, 15], axes: [1]), Layout([3, 16], axes: [1]), Layout([3, 33], axes: [1]),
    Layout([2, 1000], axes: [1]), Layout([2, 2048], axes: [1]), Layout([2, 4133], axes: [1]),
    // Columns: few, around the vectors, more than a piece; few and many rows.
    Layout([50, 1], axes: [0]), Layout([50, 3], axes: [0]), Layout([50, 15], axes: [0]),
    Layout([2, 17], axes: [0]), Layout([31, 16], axes: [0]), Layout([33, 130], axes: [0]),
    Layout([4133, 9], axes: [0]), Layout([3, 40, 20], axes: [1]), Layout([0, 20], axes: [0]),
    // Several axes, together and apart.
    Layout([3, 4, 5], axes: [0, 1, 2]), Layout([6, 50, 7, 12], axes: [0, 2]),
    Layout([3, 41, 60, 9], axes: [1, 2]), Layout([4, 5, 6, 7], axes: [1, 3]),
    Layout([2, 1, 2, 1, 2, 3, 2, 5], axes: [0, 2, 4, 6, 7]),
    // Gaps and a transposed matrix.
    Layout([4, 0, 3], axes: [1, 2], strides: [3, 9, 2]), Layout([4, 3, 0], axes: [1, 2]),
    Layout([20, 30], axes: [1], strides: [64, 2]), Layout([20, 30], axes: [1], strides: [1, 20]),
    Layout([20, 30], axes: [0], strides: [40, 1]),
    Layout([2100, 16], axes: [0], strides: [3, 7000]),
  ]
}

private struct Reduction: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let code: kn_reduce_function
  let start: Double
  let join: @Sendable (Double, Double) -> Double

  static let floats = [
    Reduction(testDescription: "sum", code: KN_REDUCE_SUM, start: 0) { $0 + $1 },
    Reduction(testDescription: "mean", code: KN_REDUCE_MEAN, start: 0) { $0 + $1 },
    Reduction(testDescription: "product", code: KN_REDUCE_PRODUCT, start: 1) { $0 * $1 },
    Reduction(testDescription: "maximum", code: KN_REDUCE_MAXIMUM, start: -.infinity) {
      $0.isNaN || $1.isNaN ? .nan : max($0, $1)
    },
    Reduction(testDescription: "minimum", code: KN_REDUCE_MINIMUM, start: .infinity) {
      $0.isNaN || $1.isNaN ? .nan : min($0, $1)
    },
  ]
}

@Suite struct ReduceTests {
  private func reduce(
    _ function: kn_reduce_function, _ layout: Layout, _ elements: [UInt32], threads: Int = 1
  ) -> [UInt32] {
    let input = Guarded(elements, canary: Float.nan.bitPattern)
    let output = Guarded(count: layout.keptShape.reduce(1, *))
    run(
      kn_reduce,
      kn_reduce_arguments(
        function: Int32(function.rawValue), kept_rank: layout.kept.count,
        reduced_rank: layout.axes.count, kept_shape: eight(layout.keptShape, filler: 0),
        reduced_shape: eight(layout.reducedShape, filler: 0),
        kept_strides: eight(layout.kept.map { layout.strides[$0] }, filler: 0),
        reduced_strides: eight(layout.axes.map { layout.strides[$0] }, filler: 0),
        input: input.pointer, output: output.pointer), threads: threads)
    #expect(output.isIntact)
    return output.elements
  }

  @Test(arguments: Reduction.floats, Layout.all)
  private func `floats are reduced accurately`(function: Reduction, layout: Layout) {
    var numbers = Numbers(seed: 3)
    let isProduct = function.code == KN_REDUCE_PRODUCT
    let x = numbers.floats(layout.count, in: isProduct ? 0.99...1.01 : -3...3)
    let positions = layout.positions
    let truths = positions.map { positions in
      let total = positions.reduce(function.start) { function.join($0, Double(x[$1])) }
      return function.code == KN_REDUCE_MEAN ? total / Double(positions.count) : total
    }
    // Each of a few dozen roundings is relative to a partial sum.
    let sizes = positions.map { $0.reduce(0) { $0 + abs(Double(x[$1])) } }
    withEachInstructionSet { isa in
      let y = reduce(function.code, layout, x.bits).map(Float.init(bitPattern:))
      for (index, (y, truth)) in zip(y, truths).enumerated() {
        let slack =
          switch function.code {
          case KN_REDUCE_SUM: sizes[index] * 0x1p-22
          case KN_REDUCE_MEAN: sizes[index] / Double(max(positions[index].count, 1)) * 0x1p-22
          case KN_REDUCE_PRODUCT: abs(truth) * Double(positions[index].count + 1) * 0x1p-24
          default: 0.0
          }
        #expect(
          distanceInUlps(y, truth) == 0 || abs(Double(y) - truth) <= slack,
          "\(name(isa)), output \(index): \(y), not \(truth)")
      }
    }
  }

  @Test(arguments: Reduction.floats, Layout.all)
  private func `bits depend on the reduced elements alone`(function: Reduction, layout: Layout) {
    var numbers = Numbers(seed: 4)
    let x = numbers.floats(layout.count, in: 0.9...1.1).bits
    let positions = layout.positions
    withEachInstructionSet { isa in
      let whole = reduce(function.code, layout, x)
      for threads in [2, 5] {
        #expect(reduce(function.code, layout, x, threads: threads) == whole, "\(name(isa))")
      }
      // Alone, as a row and as a column among others.
      for output in Set([0, positions.count / 2, positions.count - 1]) where !positions.isEmpty {
        let row = positions[output].map { x[$0] }
        let alone = Layout([row.count], axes: [0])
        #expect(reduce(function.code, alone, row) == [whole[output]], "\(name(isa))")
        let columns = row.flatMap { [UInt32](repeating: $0, count: 18) }
        let among = Layout([row.count, 18], axes: [0])
        #expect(
          reduce(function.code, among, columns) == [UInt32](repeating: whole[output], count: 18),
          "\(name(isa))")
      }
    }
  }

  @Test(arguments: Layout.all) private func `integers are reduced exactly`(layout: Layout) {
    let x = (0..<layout.count).map { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) }
    let cases: [(kn_reduce_function, Int32, (Int32, Int32) -> Int32)] = [
      (KN_REDUCE_SUM_I32, 0, { $0 &+ $1 }), (KN_REDUCE_MAXIMUM_I32, .min, { max($0, $1) }),
      (KN_REDUCE_MINIMUM_I32, .max, { min($0, $1) }),
    ]
    for (function, start, join) in cases {
      let truth = layout.positions.map { $0.reduce(start) { join($0, x[$1]) } }
      for threads in [1, 2, 5] {
        let y = reduce(function, layout, x.map { UInt32(bitPattern: $0) }, threads: threads)
        #expect(y.map { Int32(bitPattern: $0) } == truth)
      }
    }
  }

  @Test(arguments: Reduction.floats) private func `one NaN is enough`(function: Reduction) {
    withEachInstructionSet { isa in
      for layout in [Layout([2, 100], axes: [1]), Layout([100, 20], axes: [0])] {
        for place in [0, 31, 99] {
          var x = [Float](repeating: 1, count: layout.count)
          x[layout.positions[1][place]] = .nan
          let y = reduce(function.code, layout, x.bits).map(Float.init(bitPattern:))
          #expect(y[1].isNaN && !y[0].isNaN, "\(name(isa)), \(place)")
        }
      }
    }
  }
}

@Suite struct ArgmaxTests {
  private func argmax(_ shape: [Int], _ x: [Float], threads: Int) -> [Int32] {
    let input = Guarded(x), output = Guarded(count: shape[0] * shape[2])
    run(
      kn_argmax,
      kn_argmax_arguments(
        outer: shape[0], length: shape[1], inner: shape[2], input: input.floatPointer,
        output: UnsafeMutableRawPointer(output.pointer)?.assumingMemoryBound(to: Int32.self)),
      threads: threads)
    #expect(output.isIntact)
    return output.elements.map { Int32(bitPattern: $0) }
  }

  private func truth(_ shape: [Int], _ x: [Float]) -> [Int32] {
    indices([shape[0], shape[2]]).map { index in
      var (best, position) = (-Float.infinity, 0)
      for i in 0..<shape[1] {
        let value = x[(index[0] * shape[1] + i) * shape[2] + index[1]]
        if value > best { (best, position) = (value, i) }
      }
      return Int32(position)
    }
  }

  @Test(arguments: [
    [1, 0, 1], [3, 1, 1], [40, 15, 1], [3, 17, 1], [2, 64, 1], [2, 65, 1], [5, 1000, 1],
    [3, 20, 7],
  ])
  func `the first of the largest is found`(shape: [Int]) {
    var numbers = Numbers(seed: 5)
    let count = shape.reduce(1, *)
    // Few values, so that most are there more than once.
    let few = (0..<count).map { _ in Float(Int.random(in: -3...3, using: &numbers)) }
    let odd = few.map { $0 == 3 ? .nan : $0 == -3 ? -.infinity : $0 }
    let lowest = few.map { $0 > 0 ? Float.nan : -.infinity }
    withEachInstructionSet { isa in
      for x in [few, odd, lowest, numbers.floats(count)] {
        for threads in [1, 2, 5] {
          #expect(argmax(shape, x, threads: threads) == truth(shape, x), "\(name(isa))")
        }
      }
    }
  }
}
