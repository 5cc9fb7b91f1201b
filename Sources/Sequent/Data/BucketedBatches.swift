/// How long an example is; shorter ones are in order before longer ones.
public struct ExampleSize: Hashable, Comparable, Sendable {
  /// The length of what goes in.
  public let input: Int
  /// The length of what comes out, where it has its own.
  public let output: Int

  /// A size.
  public init(input: Int, output: Int = 0) {
    self.input = input
    self.output = output
  }

  /// Whether the input is shorter, or as long and the output shorter.
  public static func < (first: ExampleSize, second: ExampleSize) -> Bool {
    (first.input, first.output) < (second.input, second.output)
  }
}

/// Numbered examples that become batches.
public protocol ExampleSource: Sendable {
  /// How many examples there are.
  var count: Int { get }
  /// How long an example is.
  func size(of example: Int) -> ExampleSize
  /// Some examples as a batch, in this order.
  func batch(_ examples: [Int]) throws -> Batch
}

/// Batches of examples of about the same length, in an order that depends on a seed.
///
/// The examples of a pass are shuffled and cut into pools; a pool is sorted by length and cut into
/// batches, whose order is shuffled. So rows need little padding, and are still mixed at random.
public struct BucketedBatches<Source: ExampleSource>: BatchSource {
  /// The examples.
  public let source: Source
  private let rows: Int
  private let tokens: Int
  private let seed: UInt64?
  private let poolBatches: Int

  /// Creates batches.
  ///
  /// - Parameters:
  ///   - rows: how many examples a batch has at most.
  ///   - tokens: how many tokens a batch has at most, padding included; an example that is longer is
  ///     a batch of its own.
  ///   - seed: what decides on the order; nil for the order of length, the same in every pass.
  ///   - poolBatches: how many times `rows` examples are sorted together.
  public init(
    _ source: Source, rows: Int, tokens: Int = .max, seed: UInt64?, poolBatches: Int = 50
  ) {
    precondition(rows > 0 && tokens > 0 && poolBatches > 0, "a batch holds at least one row")
    self.source = source
    self.rows = rows
    self.tokens = tokens
    self.seed = seed
    self.poolBatches = poolBatches
  }

  /// The batches of a pass.
  public func epoch(_ number: Int) -> Epoch {
    var order = Array(0..<source.count)
    var batches: [Range<Int>] = []
    if let seed {
      var generator = CounterGenerator(seed: seed, stream: "epoch \(number)")
      generator.shuffle(&order)
      let (product, overflow) = rows.multipliedReportingOverflow(by: poolBatches)
      let size = overflow ? order.count : min(product, max(order.count, 1))
      for start in stride(from: 0, to: order.count, by: size) {
        var pool = cut(&order, start..<min(start + size, order.count))
        generator.shuffle(&pool)
        batches += pool
      }
    } else {
      batches = cut(&order, order.indices)
    }
    let (examples, ranges) = (order, batches)
    return Epoch(number: number, batchCount: ranges.count) { [source] batch in
      try source.batch(Array(examples[ranges[batch]]))
    }
  }

  /// Sorts a part of the order by length, and cuts it into batches.
  private func cut(_ order: inout [Int], _ pool: Range<Int>) -> [Range<Int>] {
    // Equally long ones stay in their order, on every machine: the place decides.
    let sorted = order[pool].enumerated()
      .map { (size: source.size(of: $1), place: $0, example: $1) }
      .sorted { ($0.size, $0.place) < ($1.size, $1.place) }
    var batches: [Range<Int>] = []
    var start = 0
    var (input, output) = (0, 0)
    for (place, entry) in sorted.enumerated() {
      order[pool.lowerBound + place] = entry.example
      let longest = (max(input, entry.size.input), max(output, entry.size.output))
      let count = place - start + 1
      if count > 1, count > rows || exceeds(count, longest.0, longest.1) {
        batches.append(pool.lowerBound + start..<pool.lowerBound + place)
        start = place
        (input, output) = (entry.size.input, entry.size.output)
      } else {
        (input, output) = longest
      }
    }
    if start < sorted.count { batches.append(pool.lowerBound + start..<pool.upperBound) }
    return batches
  }

  private func exceeds(_ rows: Int, _ input: Int, _ output: Int) -> Bool {
    let (product, overflow) = rows.multipliedReportingOverflow(by: input + output)
    return overflow || product > tokens
  }
}

extension CounterGenerator {
  /// Brings elements into a random order (Fisher and Yates), the same on every machine.
  mutating func shuffle<Element>(_ elements: inout [Element]) {
    for last in elements.indices.dropFirst().reversed() {
      // The upper half of a product is uniform but for a part in 2^64 / count.
      let other = Int(next().multipliedFullWidth(by: UInt64(last + 1)).high)
      elements.swapAt(last, other)
    }
  }
}
