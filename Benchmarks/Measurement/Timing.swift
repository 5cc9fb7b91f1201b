/// The times of repeated runs, in milliseconds.
public struct Timing: Sendable {
  /// The times, shortest first.
  public let sorted: [Double]

  init(_ samples: [Double]) { sorted = samples.sorted() }

  /// How many runs there were.
  public var runs: Int { sorted.count }
  /// The shortest.
  public var minimum: Double { sorted.first ?? 0 }
  /// The one in the middle.
  public var median: Double { quantile(0.5) }
  /// How far apart the middle half lies, as a share of the median: the noise of the measurement.
  public var spread: Double {
    median > 0 ? (quantile(0.75) - quantile(0.25)) / median : 0
  }

  /// The time that a share of the runs did not exceed, between neighbours by their distance.
  private func quantile(_ share: Double) -> Double {
    guard !sorted.isEmpty else { return 0 }
    let position = share * Double(sorted.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
  }
}

/// How long is measured.
public struct TimingRule: Sendable {
  /// Runs that don't count.
  public var warmUps = 2
  /// The least number of runs that count.
  public var minimumRuns = 5
  /// The largest.
  public var maximumRuns = 2000
  /// How long a contender runs, unless that takes fewer than the least number of runs.
  public var seconds = 1.0

  /// Two warm-ups, at least five runs, up to a second.
  public init(seconds: Double = 1) { self.seconds = seconds }
}

/// The times of contenders that take turns.
///
/// Drift of the machine's speed hits all alike: turns change every 20 ms or single run, whichever
/// is longer. Within a turn runs follow each other, so that a contender finds the caches as its own
/// last run left them; the first run of a turn of several does not count, as it finds another's.
func interleave(_ contenders: [() throws -> Void], _ rule: TimingRule) throws -> [Timing] {
  let clock = ContinuousClock()
  let turn = 20.0
  for contender in contenders { for _ in 0..<rule.warmUps { try contender() } }

  var samples = Array(repeating: [Double](), count: contenders.count)
  var spent = Array(repeating: 0.0, count: contenders.count)
  func isDone(_ index: Int) -> Bool {
    let runs = samples[index].count
    return runs >= rule.maximumRuns
      || (runs >= rule.minimumRuns && spent[index] >= rule.seconds * 1000)
  }
  while !contenders.indices.allSatisfy(isDone) {
    for index in contenders.indices where !isDone(index) {
      var inTurn: [Double] = []
      var elapsed = 0.0
      repeat {
        let time = try clock.measure { try contenders[index]() } / .milliseconds(1)
        inTurn.append(time)
        elapsed += time
      } while elapsed < turn && samples[index].count + inTurn.count < rule.maximumRuns
      spent[index] += elapsed
      let followsAnother = contenders.count > 1 && inTurn.count > 2
      samples[index] += followsAnother ? inTurn.dropFirst() : inTurn[...]
    }
  }
  return samples.map(Timing.init)
}
