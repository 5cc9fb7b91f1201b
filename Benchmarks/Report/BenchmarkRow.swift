import Sequent
import SequentRuntime

/// What was measured of one variant of one model at one set of sizes.
public struct BenchmarkRow: Sendable {
  /// What was timed: a case's name, or the model's.
  public var name: String
  /// What its matrices are rounded to.
  public var weightsType = WeightsType.float32
  /// The sizes of the named dimensions, sorted by name.
  public var sizes: [(name: String, size: Int)] = []
  /// How many threads.
  public var threads: Int
  /// Which variant.
  public var variant: Variant
  /// How long the passes and the plan took.
  public var compileMilliseconds = 0.0
  /// How long the first run took.
  public var firstMilliseconds = 0.0
  /// How long the others took.
  public var timing: Timing
  /// Billions of floating-point operations a second, at the median.
  public var gflops = 0.0
  /// The share of the machine's measured peak on these threads, 0 to 1.
  public var shareOfPeak: Double?
  /// The bytes that intermediate results take.
  public var arenaBytes = 0
  /// How many kernels a run calls.
  public var kernels = 0
  /// The largest difference of an output from the unfused graph's; nil where that was not run.
  public var maximumError: Double?
  /// Where the time went, by operation; nil where that was not asked for.
  public var profile: Profile?

  /// What rows of different runs are told apart by.
  public var key: String {
    let sizes = sizes.map { "\($0.name)=\($0.size)" }.joined(separator: ",")
    let weights = weightsType == .float32 ? "" : " \(weightsType.rawValue)"
    return "\(name)\(weights) \(sizes) threads=\(threads) \(variant.rawValue)"
  }
}

/// A column of a report.
struct Column: Sendable {
  /// What heads it in tables.
  let title: String
  /// What it is called in JSON and CSV.
  let key: String
  /// A row's value; nil where it has none.
  let value: @Sendable (BenchmarkRow) -> JSON?
  /// How many digits a number has behind the point in tables; nil for a power of ten.
  let digits: Int?

  init(
    _ title: String, _ key: String, digits: Int? = 0,
    _ value: @escaping @Sendable (BenchmarkRow) -> JSON?
  ) {
    (self.title, self.key, self.value, self.digits) = (title, key, value, digits)
  }

  /// The columns of all rows, those of the worker's contract included.
  static let all = [
    Column("case", "case") { .string($0.name) },
    Column("variant", "variant") { .string($0.variant.rawValue) },
    Column("threads", "threads") { .integer($0.threads) },
    Column("median ms", "median_ms", digits: 4) { rounded($0.timing.median) },
    Column("min ms", "min_ms", digits: 4) { rounded($0.timing.minimum) },
    Column("runs", "runs") { .integer($0.timing.runs) },
    Column("spread %", "spread_percent", digits: 1) { rounded($0.timing.spread * 100) },
    Column("GFLOP/s", "gflops", digits: 1) { rounded($0.gflops) },
    Column("% of peak", "peak_percent", digits: 1) {
      $0.shareOfPeak.flatMap { rounded($0 * 100) }
    },
    Column("compile ms", "compile_ms", digits: 2) { rounded($0.compileMilliseconds) },
    Column("first ms", "first_ms", digits: 3) { rounded($0.firstMilliseconds) },
    Column("arena bytes", "peak_bytes") { .integer($0.arenaBytes) },
    Column("kernels", "kernels") { .integer($0.kernels) },
    Column("max error", "max_abs_error", digits: nil) { $0.maximumError.map { .number($0) } },
    Column("weights", "weights") {
      $0.weightsType == .float32 ? nil : .string($0.weightsType.rawValue)
    },
  ]

  /// A column for a named dimension.
  static func size(of dimension: String) -> Column {
    Column(dimension, dimension) { row in
      row.sizes.first { $0.name == dimension }.map { .integer($0.size) }
    }
  }

  /// A number with the digits that a clock gives.
  private static func rounded(_ value: Double) -> JSON? {
    value.isFinite ? .number((value * 1e5).rounded() / 1e5) : nil
  }

  /// A row's value as a table shows it.
  func text(_ row: BenchmarkRow) -> String {
    switch value(row) {
    case .string(let text)?: text
    case .integer(let number)?: String(number)
    case .number(let number)?: digits.map { fixed(number, $0) } ?? scientific(number)
    default: ""
    }
  }
}
