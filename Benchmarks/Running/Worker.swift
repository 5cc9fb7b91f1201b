import Sequent

/// Answers cases, a line of JSON each, with lines of JSON: a line for every variant and number of
/// threads, or one that says why the case is not timed. It takes any line, and goes on.
public struct Worker {
  private let settings: Benchmark.Settings

  /// Creates a worker.
  public init(_ settings: Benchmark.Settings) { self.settings = settings }

  /// The answer to one line.
  public func answer(_ line: String) -> String {
    let benchmarkCase: BenchmarkCase
    do {
      benchmarkCase = try BenchmarkCase(try JSON(parsing: line, name: "the case"))
    } catch let error as UnsupportedCase {
      return skipped(error.name, error.reason)
    } catch {
      return skipped(nil, "\(error)")
    }
    do {
      var report = Report(.jsonl, dimensions: benchmarkCase.sizes.keys.sorted())
      return try benchmarkCase.rows(settings).map { report.append($0) }.joined()
    } catch {
      return skipped(benchmarkCase.name, "\(error)")
    }
  }
}
