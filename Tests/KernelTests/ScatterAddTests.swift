import Kernels
import Testing

@Suite struct ScatterAddTests {
  private func scatterAdd(
    _ indices: [Int32], _ source: [Float], rows: Int, width: Int, threads: Int
  ) -> (output: [Float], firstBad: UInt64) {
    withMemory { memory in
      let output = Guarded(count: rows * width)
      let status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
      run(
        kn_scatter_add,
        kn_scatter_add_arguments(
          count: indices.count, rows: rows, width: width, source: memory.guarded(source),
          indices: memory.array(indices), output: output.floatPointer, status: status),
        threads: threads)
      #expect(output.isIntact)
      return (output.floats, status.pointee.first)
    }
  }

  @Test(arguments: [0, 1, 15, 16, 33, 100], [0, 1, 7, 500])
  func `rows are added up in ascending order, whatever the team`(width: Int, count: Int) {
    var numbers = Numbers(seed: 3)
    let rows = 9
    let indices = (0..<count).map { _ in Int32.random(in: 0..<Int32(rows), using: &numbers) }
    let source = numbers.floats(count * width)
    var expected = [Float](repeating: 0, count: rows * width)
    for (i, index) in indices.enumerated() {
      for j in 0..<width { expected[Int(index) * width + j] += source[i * width + j] }
    }
    for threads in [1, 2, 5] {
      let (sums, bad) = scatterAdd(indices, source, rows: rows, width: width, threads: threads)
      #expect(sums.bits == expected.bits, "\(threads) threads")
      #expect(bad == KN_NO_BAD_INDEX)
    }
  }

  @Test(arguments: [1, 2, 5]) func `the first bad index is reported`(threads: Int) {
    let source = [Float](repeating: 1, count: 6 * 2)
    let (sums, bad) = scatterAdd(
      [1, 1, 3, -1, 0, .max], source, rows: 3, width: 2, threads: threads)
    #expect(sums == [1, 1, 2, 2, 0, 0])
    #expect(bad >> 32 == 2)
    #expect(Int32(truncatingIfNeeded: bad) == 3)
  }

  @Test(arguments: [0, 1, 16, 33, 100], [0, 1, 7, 50])
  func `rows are replaced in order, whatever the team`(width: Int, count: Int) {
    var numbers = Numbers(seed: 4)
    let indices = (0..<count).map { _ in Int32.random(in: -1..<9, using: &numbers) }
    let source = numbers.floats(count * width), table = numbers.floats(8 * width)
    var expected = table
    for (i, index) in indices.enumerated() where (0..<8).contains(index) {
      for j in 0..<width { expected[Int(index) * width + j] = source[i * width + j] }
    }
    for threads in [1, 2, 5] {
      withMemory { memory in
        let output = Guarded(table)
        let status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
        run(
          kn_update_rows,
          kn_update_rows_arguments(
            count: count, rows: 8, width: width,
            source: UnsafeRawPointer(memory.guarded(source)).assumingMemoryBound(to: UInt32.self),
            source_stride: width,
            indices: memory.array(indices),
            table: output.floatPointer.map {
              UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt32.self)
            }, status: status), threads: threads)
        #expect(output.isIntact && output.floats.bits == expected.bits, "\(threads) threads")
        let bad = indices.firstIndex { !(0..<8).contains($0) }
        #expect(status.pointee.first >> 32 == bad.map { UInt64($0) } ?? KN_NO_BAD_INDEX >> 32)
      }
    }
  }
}
