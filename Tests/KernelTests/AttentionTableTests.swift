import Kernels
import Testing

/// Keys and values read through a table have the bits that they have where every row has its own.
@Suite struct AttentionTableTests {
  /// Sizes around tiles and blocks of keys, with the table's rows alike, apart and in part.
  private static let problems: [AttentionProblem] = [
    shared(rows: 64, keys: 530, prefix: 512, isTimeFirst: true),
    shared(rows: 15, keys: 257, prefix: 256),
    shared(rows: 14, keys: 256, prefix: 256, heads: 4, keyHeads: 2, isTimeFirst: true),
    shared(rows: 29, keys: 300, prefix: 40, lengths: { [300, 299, 0, 41, 40][$0 % 5] }),
    shared(rows: 3, keys: 300, prefix: 280, isAdditive: true),
    shared(rows: 33, keys: 70, prefix: 64, isAdditive: true, lengths: { $0 % 3 * 35 }),
    shared(rows: 5, keys: 290, prefix: 260, queries: 3, valueWidth: 20),
    shared(rows: 530, keys: 3, prefix: 2, valueWidth: 8),
    bySource(rows: 40, sources: 3, keys: 130, isTimeFirst: true),
    bySource(rows: 17, sources: 1, keys: 257, lengths: { $0 % 2 * 100 + 157 }),
    bySource(rows: 64, sources: 5, keys: 13, isAdditive: true, lengths: { $0 % 14 }),
    bySource(rows: 6, sources: 2, keys: 20, queries: 30),
    bySource(rows: 2, sources: 4, keys: 0),
  ]

  /// Rows whose first `prefix` keys lie in the same slots, the rest anywhere.
  private static func shared(
    rows: Int, keys: Int, prefix: Int, queries: Int = 1, heads: Int = 2, keyHeads: Int = 2,
    valueWidth: Int = 64, isAdditive: Bool = false, isTimeFirst: Bool = false,
    lengths: ((Int) -> Int)? = nil
  ) -> AttentionProblem {
    let sources = 2 * keys + 7
    let indices = (0..<rows).flatMap { row in
      (0..<keys).map { key in
        Int32(key < prefix && row % 7 != 5 ? key : (key * 31 + row * 17) % sources)
      }
    }
    return AttentionProblem(
      batch: rows, heads: heads, keyHeads: keyHeads, queries: queries, keys: keys, width: 24,
      valueWidth: valueWidth, isAdditive: isAdditive,
      keyLengths: lengths.map { (0..<rows).map($0) }, isTimeFirst: isTimeFirst,
      table: AttentionProblem.Table(ofKeys: true, indices: indices, sources: sources)
    ).filled()
  }

  /// Rows that read one of a few sources, neighbours the same.
  private static func bySource(
    rows: Int, sources: Int, keys: Int, queries: Int = 1, isAdditive: Bool = false,
    isTimeFirst: Bool = false, lengths: ((Int) -> Int)? = nil
  ) -> AttentionProblem {
    AttentionProblem(
      batch: rows, heads: 2, keyHeads: 1, queries: queries, keys: keys, width: 20, valueWidth: 33,
      isAdditive: isAdditive, keyLengths: lengths.map { (0..<rows).map($0) },
      maskKind: queries > 1 ? .additive : .none, isTimeFirst: isTimeFirst,
      table: AttentionProblem.Table(
        ofKeys: false, indices: (0..<rows).map { Int32($0 * sources / rows) }, sources: sources)
    ).filled()
  }

  /// The same problem, every row with keys and values of its own.
  private func gathered(_ problem: AttentionProblem) throws -> AttentionProblem {
    let table = try #require(problem.table)
    var own = problem
    own.table = nil
    let times = table.ofKeys ? table.sources : problem.keys
    func gather(_ from: [Float], _ width: Int) -> [Float] {
      var to = [Float](repeating: 0, count: problem.batch * problem.keyHeads * problem.keys * width)
      for b in 0..<problem.batch {
        for j in 0..<problem.keys {
          let row = table.ofKeys ? 0 : Int(table.indices[b])
          let slot = table.ofKeys ? Int(table.indices[b * problem.keys + j]) : j
          for h in 0..<problem.keyHeads {
            let heads = problem.keyHeads
            let source = problem.place(row, slot, h, times: times, heads: heads, width: width)
            let place = problem.place(b, j, h, times: problem.keys, heads: heads, width: width)
            for u in 0..<width { to[place + u] = from[source + u] }
          }
        }
      }
      return to
    }
    (own.k, own.v) = (gather(problem.k, problem.width), gather(problem.v, problem.valueWidth))
    return own
  }

  @Test(arguments: problems.indices)
  func `a table changes no bits`(index: Int) throws {
    let problem = Self.problems[index]
    let own = try gathered(problem)
    withEachInstructionSet { isa in
      let expected = own.run()
      for threads in [1, 2, 5] {
        let result = problem.run(threads: threads)
        #expect(result == expected && result.isIntact, "\(name(isa)) \(threads) threads")
      }
    }
  }

  @Test(arguments: [false, true])
  func `the first index out of range is reported, and nothing is read there`(ofKeys: Bool) {
    var problem =
      ofKeys
      ? Self.shared(rows: 9, keys: 20, prefix: 10) : Self.bySource(rows: 9, sources: 3, keys: 20)
    for index in [-1, Int32(problem.table?.sources ?? 0), .max] {
      for place in [3, 7] { problem.table?.indices[place] = index }
      withEachInstructionSet { isa in
        for threads in [1, 3] {
          let result = problem.run(threads: threads)
          #expect(result.isIntact, "\(name(isa))")
          #expect(result.badIndex == 3 << 32 | UInt64(UInt32(bitPattern: index)), "\(name(isa))")
          let output = AttentionProblem.Result.floats(result.output)
          #expect(output.allSatisfy { $0.isFinite }, "\(name(isa))")
        }
      }
    }
  }
}
