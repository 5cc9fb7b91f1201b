import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// A small classifier with a recurrent layer and dropout, for training tests.
private struct Parity: Model {
  let embedding = Embedding(3, 4)
  let encoder = GRU(4, 8)
  let dropout = Dropout(0.1)
  let head = Linear(8, 2)

  func main(_ inputs: Inputs) -> Outputs {
    let letters = embedding(inputs.tokens())
    return ["logits": head(dropout(encoder(letters, lengths: inputs.lengths()).final))]
  }
}

@Suite struct TrainingStepTests {
  /// Rows of ones and twos, labelled by whether the number of twos is odd.
  private static func batch(_ number: UInt64) throws -> [String: TensorData] {
    var generator = CounterGenerator(seed: number, stream: "batch")
    let lengths = (0..<16).map { _ in Int32.random(in: 1...4, using: &generator) }
    let rows = lengths.map { length in
      (0..<4).map { $0 < length ? Int32.random(in: 1...2, using: &generator) : 0 }
    }
    return [
      "tokens": try .int32(rows.flatMap { $0 }, shape: [16, 4]),
      "lengths": try .int32(lengths, shape: [16]),
      "labels": try .int32(rows.map { Int32($0.count { $0 == 2 } % 2) }, shape: [16]),
    ]
  }

  private static func step(threads: Int = 1) throws -> TrainingStep {
    try TrainingStep(
      Parity(), .labels(), .adamW().clipping(norm: 1), seed: 5, threads: threads,
      options: CompilerOptions(disabledPasses: ["fuse-recurrent-sequence"]))
  }

  @Test func learnsAndRuns() throws {
    let step = try Self.step()
    var losses: [Double] = []
    for number in 0..<300 as Range<UInt64> {
      losses.append(try step.run(Self.batch(number), learningRate: 0.02).loss)
    }
    #expect(losses.prefix(20).reduce(0, +) > 4 * losses.suffix(20).reduce(0, +))
    let session = try step.compiled().session()
    var batch = try Self.batch(1000)
    let labels = batch.removeValue(forKey: "labels")
    let logits = try session.run(batch)["logits"]
    guard case .float32(let values)? = logits?.elements, case .int32(let wanted)? = labels?.elements
    else { throw RuntimeError("no logits") }
    let right = wanted.indices.count { (values[2 * $0 + 1] > values[2 * $0]) == (wanted[$0] == 1) }
    #expect(right == 16)
  }

  @Test func resumedEqualsUninterruptedOnAnyNumberOfThreads() throws {
    let whole = try Self.step(threads: 1)
    for number in 0..<6 as Range<UInt64> {
      _ = try whole.run(Self.batch(number), learningRate: 0.01)
    }
    let first = try Self.step(threads: 2)
    for number in 0..<3 as Range<UInt64> {
      _ = try first.run(Self.batch(number), learningRate: 0.01)
    }
    let second = try Self.step(threads: 2)
    try second.restore(first.snapshot())
    for number in 3..<6 as Range<UInt64> {
      _ = try second.run(Self.batch(number), learningRate: 0.01)
    }
    #expect(try second.snapshot() == whole.snapshot())
  }

  @Test func schedulesFollowTheirFormulas() {
    let rate = { (shape: Schedule.Shape, step: Int) in
      Schedule(shape, peak: 1).rate(step: step, of: 100)
    }
    #expect(rate(.constant, 70) == 1 && rate(.linear, 25) == 0.75)
    #expect(abs(rate(.cosine, 50) - 0.5) < 1e-12)
    #expect(abs(rate(.oneCycle(share: 0.3), 0) - 0.04) < 1e-12)
    #expect(abs(rate(.oneCycle(share: 0.3), 29) - 1) < 1e-12)
    #expect(rate(.oneCycle(share: 0.3), 99) < 1e-5)
    let plateau = Schedule(.plateau(factor: 0.5, patience: 1), peak: 1)
    #expect(plateau.rate(step: 0, of: 9, validation: [3, 2, 2, 2, 1]) == 0.5)
    #expect(Schedule(peak: 1, warmUp: 4).rate(step: 1, of: 9) == 0.5)
  }
}
