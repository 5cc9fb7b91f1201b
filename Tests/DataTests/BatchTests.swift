import Foundation
import SequentIR
import TestSupport
import Testing

@testable import Sequent

/// Examples of given sizes, whose batch holds nothing but their numbers.
private struct SizedExamples: ExampleSource {
  let sizes: [ExampleSize]
  var count: Int { sizes.count }
  func size(of example: Int) -> ExampleSize { sizes[example] }
  func batch(_ examples: [Int]) throws -> Batch {
    Batch(tensors: [:], examples: examples, tokenCount: 0)
  }

  static func random(_ count: Int, seed: UInt64) -> SizedExamples {
    var random = SplitMix(seed: seed)
    return SizedExamples(
      sizes: (0..<count).map { _ in
        ExampleSize(input: random.integer(1...60), output: random.integer(0...9))
      })
  }
}

@Suite struct BatchTests {
  private func examples(_ epoch: Epoch) throws -> [[Int]] {
    try (0..<epoch.batchCount).map { try epoch.batch($0).examples }
  }

  @Test(arguments: [(1000, 16, Int.max, 50), (1000, 16, 300, 4), (7, 16, 1, 50), (513, 1, 99, 3)])
  func everyExampleOnceWithinTheBudget(_ count: Int, _ rows: Int, _ tokens: Int, _ pool: Int) throws
  {
    let source = SizedExamples.random(count, seed: 1)
    for seed in [nil, 5] as [UInt64?] {
      let batches = try examples(
        BucketedBatches(source, rows: rows, tokens: tokens, seed: seed, poolBatches: pool).epoch(2))
      #expect(batches.joined().sorted() == Array(0..<count))
      for batch in batches {
        let longest =
          (batch.map { source.sizes[$0].input }.max() ?? 0)
          + (batch.map { source.sizes[$0].output }.max() ?? 0)
        #expect(!batch.isEmpty && batch.count <= rows)
        #expect(batch.count == 1 || batch.count * longest <= tokens)
        #expect(batch == batch.sorted { source.sizes[$0] < source.sizes[$1] } || batch.count > 1)
      }
    }
  }

  @Test func lengthsAreAlikeInABatchAndMixedOverTheEpoch() throws {
    let source = SizedExamples.random(6400, seed: 2)
    let batches = try examples(BucketedBatches(source, rows: 32, seed: 1).epoch(0))
    #expect(batches.count == 200)
    let longest = batches.map { batch in batch.map { source.sizes[$0].input }.max() ?? 0 }
    let padded = zip(batches, longest).reduce(0) { $0 + $1.0.count * $1.1 }
    let real = source.sizes.reduce(0) { $0 + $1.input }
    #expect(Double(padded) < 1.04 * Double(real))
    // Neither ascending nor descending in the first pool.
    let steps = zip(longest.prefix(50), longest.prefix(50).dropFirst()).count { $0 < $1 }
    #expect((12...37).contains(steps))
  }

  /// The order is part of what a checkpoint promises: these numbers must not change.
  @Test func theOrderOfASeedIsFixedForEver() throws {
    let source = SizedExamples(sizes: (0..<12).map { ExampleSize(input: $0 % 3 + 1) })
    let batches = BucketedBatches(source, rows: 4, seed: 42, poolBatches: 2)
    #expect(try examples(batches.epoch(0)) == Self.epoch0)
    #expect(try examples(batches.epoch(1)) == Self.epoch1)
    #expect(try examples(batches.epoch(0)) == Self.epoch0)
    let byLength = BucketedBatches(source, rows: 5, seed: nil)
    #expect(try examples(byLength.epoch(3)) == [[0, 3, 6, 9, 1], [4, 7, 10, 2, 5], [8, 11]])
  }

  // By an independent implementation of SplitMix64, FNV-1a and the shuffle in another language.
  static let epoch0 = [[0, 3, 9, 10], [4, 1, 5, 8], [6, 7, 11, 2]]
  static let epoch1 = [[9, 3, 10, 1], [11, 2, 8, 5], [0, 6, 7, 4]]

  @Test func aRunContinuesInTheMiddleOfAnEpoch() throws {
    let source = BucketedBatches(.random(100, seed: 3) as SizedExamples, rows: 8, seed: 9)
    var whole = try BatchCursor(source)
    var batches: [[Int]] = []
    var positions: [Data] = []
    for _ in 0..<40 {
      positions.append(try JSONEncoder().encode(whole.position))
      batches.append(try whole.next().examples)
    }
    #expect(whole.position == DataPosition(epoch: 3, batch: 1))
    for start in [0, 5, 12, 13, 14, 39] {
      let position = try JSONDecoder().decode(DataPosition.self, from: positions[start])
      var resumed = try BatchCursor(source, at: position)
      for batch in batches[start...] { #expect(try resumed.next().examples == batch) }
    }
  }

  @Test func refusesPlacesThatTheDataDoNotHave() throws {
    let source = BucketedBatches(.random(10, seed: 3) as SizedExamples, rows: 4, seed: 9)
    let error = #expect(throws: DataPositionError.self) {
      try BatchCursor(source, at: DataPosition(epoch: 1, batch: 3))
    }
    #expect(error?.message.contains("batch 3 of epoch 1 is asked for, which has 3") == true)
    #expect(throws: DataPositionError.self) {
      try BatchCursor(source, at: DataPosition(epoch: -1, batch: 0))
    }
    #expect(throws: DataPositionError.self) {
      try BatchCursor(BucketedBatches(SizedExamples(sizes: []), rows: 4, seed: 9))
    }
  }

  @Test(arguments: [0, 3, 1 << 20])
  func recordsAreTheSameInMemoryAndInAFile(_ limit: Int) throws {
    var random = SplitMix(seed: 4)
    var builder = RecordStore.Builder(memoryLimit: limit)
    var expected: [[Int32]] = []
    for _ in 0..<2000 {
      let record = (0..<random.integer(0...400)).map { _ in Int32(truncatingIfNeeded: random.next())
      }
      expected.append(record)
      try builder.append(record)
    }
    let store = try builder.finished()
    #expect(store.count == 2000)
    let all = Array(expected.joined())
    #expect(store.valueCount == all.count)
    for index in expected.indices.reversed() {
      #expect(try store.record(index) == expected[index])
      #expect(store.length(of: index) == expected[index].count)
    }
    #expect(try store.values(7..<90_000) == Array(all[7..<90_000]))
  }
}
