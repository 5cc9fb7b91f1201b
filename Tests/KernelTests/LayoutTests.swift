import Kernels
import Testing

private struct CopyCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shape, source, destination: [Int]

  init(_ name: String, _ shape: [Int], source: [Int], destination: [Int]) {
    (testDescription, self.shape) = (name, shape)
    (self.source, self.destination) = (source, destination)
  }

  static let all = [
    CopyCase("scalar", [], source: [], destination: []),
    CopyCase("nothing", [3, 0, 2], source: [0, 2, 1], destination: [0, 2, 1]),
    CopyCase("dense", [5, 40], source: [40, 1], destination: [40, 1]),
    CopyCase("slice of columns", [9, 17], source: [50, 1], destination: [17, 1]),
    CopyCase("part of a concatenation", [9, 17], source: [17, 1], destination: [50, 1]),
    CopyCase("both with gaps", [3, 4, 5], source: [70, 9, 1], destination: [80, 11, 1]),
    CopyCase("every other element", [60], source: [2], destination: [1]),
    CopyCase("to every third", [60], source: [1], destination: [3]),
    CopyCase("reversed", [4, 33], source: [33, -1], destination: [33, 1]),
    CopyCase("rows reversed", [21, 16], source: [-16, 1], destination: [16, 1]),
    CopyCase("broadcast row", [21, 16], source: [0, 1], destination: [16, 1]),
    CopyCase("broadcast column", [21, 40], source: [1, 0], destination: [40, 1]),
    CopyCase("transpose, tiles", [32, 48], source: [1, 32], destination: [48, 1]),
    CopyCase("transpose, ragged", [35, 50], source: [1, 35], destination: [50, 1]),
    CopyCase("transpose, small", [3, 5], source: [1, 3], destination: [5, 1]),
    CopyCase("transpose of slices", [33, 20], source: [1, 60], destination: [31, 1]),
    CopyCase(
      "heads: [b, t, h, d] to [b, h, t, d]", [2, 3, 20, 8],
      source: [480, 8, 24, 1], destination: [480, 160, 8, 1]),
    CopyCase(
      "keys: [b, t, h, d] to [b, h, d, t]", [2, 3, 18, 20],
      source: [1080, 18, 1, 54], destination: [1080, 360, 20, 1]),
    CopyCase(
      "axes turned: [a, b, c] to [c, a, b]", [19, 17, 18],
      source: [1, 342, 19], destination: [306, 18, 1]),
    CopyCase("destination not in order", [17, 33], source: [33, 1], destination: [1, 17]),
    CopyCase(
      "rank 8", [2, 2, 2, 2, 2, 2, 2, 3], source: [1, 2, 4, 8, 16, 32, 64, 128],
      destination: [192, 96, 48, 24, 12, 6, 3, 1]),
  ]

  /// Where the first element lies, and how many the memory has.
  func extent(_ strides: [Int]) -> (start: Int, count: Int) {
    let reach = zip(shape, strides).map { max($0 - 1, 0) * $1 }
    let start = -reach.filter { $0 < 0 }.reduce(0, +)
    return (start, start + reach.filter { $0 > 0 }.reduce(0, +) + 1)
  }
}

@Suite struct LayoutTests {
  @Test(arguments: CopyCase.all, [1, 2, 5])
  private func `a copy moves its elements and no others`(test: CopyCase, threads: Int) {
    let (sourceStart, sourceCount) = test.extent(test.source)
    let (start, count) = test.extent(test.destination)
    let elements = (0..<sourceCount).map { UInt32($0 + 1) }
    var expected = [UInt32](repeating: 0xdead_beef, count: count)
    for index in indices(test.shape) {
      expected[start + offset(index, test.destination)] =
        elements[sourceStart + offset(index, test.source)]
    }
    withEachInstructionSet { isa in
      let source = Guarded(elements, canary: 9)
      let destination = Guarded(count: count)
      run(
        kn_copy,
        kn_copy_arguments(
          rank: test.shape.count, shape: eight(test.shape, filler: 0),
          source_strides: eight(test.source, filler: 0),
          destination_strides: eight(test.destination, filler: 0),
          source: source.pointer.map { $0 + sourceStart },
          destination: destination.pointer.map { $0 + start }), threads: threads)
      #expect(destination.elements == expected, "\(name(isa))")
      #expect(destination.isIntact, "\(name(isa))")
    }
  }
}

@Suite struct GatherTests {
  private func gather(
    _ indices: [Int32], rows: Int, width: Int, threads: Int
  ) -> (output: [UInt32], firstBad: UInt64) {
    withMemory { memory in
      let table = memory.array((0..<rows * width).map { UInt32($0 + 1) })
      let output = Guarded(count: indices.count * width)
      let status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
      run(
        kn_gather,
        kn_gather_arguments(
          count: indices.count, rows: rows, width: width, table: table,
          indices: memory.array(indices), output: output.pointer, status: status),
        threads: threads)
      #expect(output.isIntact)
      return (output.elements, status.pointee.first)
    }
  }

  @Test(arguments: [0, 1, 15, 33], [1, 2, 5]) func `rows are found`(width: Int, threads: Int) {
    let indices: [Int32] = [4, 0, 4, 2, 9, 3, 3]
    let (output, bad) = gather(indices, rows: 10, width: width, threads: threads)
    #expect(
      output == indices.flatMap { row in (0..<width).map { UInt32(Int(row) * width + $0 + 1) } })
    #expect(bad == KN_NO_BAD_INDEX)
  }

  @Test(arguments: [1, 2, 5]) func `the first bad index is reported`(threads: Int) {
    let (output, bad) = gather(
      [1, 0, -7, 2, 3, .max, .min, 0], rows: 3, width: 2, threads: threads)
    #expect(output == [3, 4, 1, 2, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0, 1, 2])
    #expect(bad >> 32 == 2)
    #expect(Int32(truncatingIfNeeded: bad) == -7)
  }

  @Test func `an empty table has no rows`() {
    let (output, bad) = gather([0, 0], rows: 0, width: 1, threads: 1)
    #expect(output == [0, 0])
    #expect(bad == 0)
  }
}
