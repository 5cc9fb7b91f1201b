import Sequent

/// What is said to a case.
public enum CaseAnswer: Sendable {
  /// A row for every variant and number of threads.
  case rows([BenchmarkRow])
  /// Why the case is not timed; the name is missing where none could be read.
  case skipped(name: String?, reason: String)
}

/// Answers cases, a line of JSON each.
///
/// It takes any line, and goes on.
public struct Worker {
  private let settings: Benchmark.Settings

  /// Creates a worker.
  public init(_ settings: Benchmark.Settings) { self.settings = settings }

  /// The answer to one line.
  public func answer(_ line: String) -> CaseAnswer {
    let benchmarkCase: BenchmarkCase
    do {
      benchmarkCase = try BenchmarkCase(try JSON(parsing: line, name: "the case"))
    } catch let error as UnsupportedCase {
      return .skipped(name: error.name, reason: error.reason)
    } catch {
      return .skipped(name: nil, reason: "\(error)")
    }
    do {
      return .rows(try benchmarkCase.rows(settings))
    } catch {
      return .skipped(name: benchmarkCase.name, reason: "\(error)")
    }
  }

  /// The cases in a file: an array of them, or one a line.
  public static func lines(of file: FileContents) throws -> [String] {
    let text = file.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    if text.first(where: { !$0.isWhitespace }) == "[" {
      return (try JSON(parsing: file).array ?? []).map(\.description)
    }
    return text.split(whereSeparator: \.isNewline).map(String.init)
  }
}
