import AllocationCount
import SequentCompiler
import SequentIR
import Testing

@testable import Sequent

/// A tagger of stacked layers in both directions.
private struct StackedTagger: Model {
  let embedding = Embedding(50, 24)
  let encoder = LSTM(24, 32, layers: 2, bidirectional: true, dropout: Dropout(0.1))
  let head = Linear(64, 9)

  func main(_ inputs: Inputs) -> Outputs {
    let letters = embedding(inputs.tokens())
    return ["logits": head(encoder(letters, lengths: inputs.lengths()).output)]
  }
}

@Suite struct TrainingMemoryTests {
  private static func batch(_ rows: Int, _ time: Int) throws -> [String: TensorData] {
    let tokens = (0..<rows * time).map { Int32($0 * 7 % 50) }
    return [
      "tokens": try .int32(tokens, shape: [rows, time]),
      "lengths": try .int32((0..<rows).map { Int32(time - $0 % 3) }, shape: [rows]),
      "labels": try .int32(tokens.map { $0 % 9 }, shape: [rows, time]),
    ]
  }

  @Test(.enabled(if: allocations_are_counted()))
  func `steps after the first allocate nothing`() throws {
    let step = try TrainingStep(
      StackedTagger(), .labels(), .adamW().clipping(norm: 1), threads: 1)
    for batch in [try Self.batch(8, 12), try Self.batch(8, 20)] {
      _ = try step.run(batch, learningRate: 0.01)
      let before = allocation_count()
      for _ in 0..<3 { _ = try step.run(batch, learningRate: 0.01) }
      #expect(allocation_count() == before)
    }
    let before = allocation_count()
    _ = try Self.batch(8, 12)
    #expect(allocation_count() > before, "the count counts")
  }

  @Test(arguments: [[], ["fuse-recurrent-sequence"]] as [Set<String>])
  func `the arena is within 5 % of the bytes alive at once`(without passes: Set<String>) throws {
    let step = try TrainingStep(
      StackedTagger(), .labels(), .adamW().clipping(norm: 1), threads: 2,
      options: CompilerOptions(disabledPasses: passes))
    for (rows, time) in [(8, 12), (64, 30), (1, 100)] {
      _ = try step.run(Self.batch(rows, time), learningRate: 0.01)
      let plan = try #require(step.plan)
      #expect(step.bytes > plan.arenaBytes)
      #expect(Double(plan.arenaBytes) <= 1.05 * Double(plan.lowerBoundBytes), "\(rows) × \(time)")
    }
  }

  @Test func `saving every few steps takes less memory and learns the same`() throws {
    let batch = try Self.batch(16, 50)
    func train(_ saving: SavedSteps) throws -> (losses: [Double], bytes: Int) {
      let step = try TrainingStep(
        StackedTagger(), .labels(), .adamW().clipping(norm: 1), saving: saving, threads: 1)
      let losses = try (0..<5).map { _ in try step.run(batch, learningRate: 0.01).loss }
      return (losses, step.bytes)
    }
    let (whole, some) = (try train(.all), try train(.every(7)))
    #expect(Double(some.bytes) < 0.7 * Double(whole.bytes), "\(some.bytes) of \(whole.bytes)")
    for (a, b) in zip(some.losses, whole.losses) { #expect(abs(a - b) < 1e-5) }
  }
}
