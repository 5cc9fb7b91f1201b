import SequentIR
import SequentRuntime

/// Forecasts the rows that follow those of numeric series, in the units of the data.
///
/// Windows are run in batches; a forecast does not depend on the windows beside it.
public struct SeriesPredictor {
  /// What is forecast.
  public let series: ModelTask.Series
  private let session: Session
  /// The columns that are forecast, by their places among all.
  private let targets: [Int]
  /// How many rows a batch holds: what keeps its activations in the cache.
  private let rowsPerBatch = 4096

  /// Creates a predictor that runs in a session of its own.
  ///
  /// - Throws: `PredictionError` for a task that is no forecast, or of columns that there are not.
  public init(_ task: ModelTask, session: Session) throws {
    guard let series = task.series else {
      throw PredictionError(message: "a \(task.kind.rawValue) model does not forecast series")
    }
    targets = try task.labels.map { name in
      guard let column = series.scaling.columns.firstIndex(of: name) else {
        throw PredictionError(
          message: "the model forecasts '\(name)', but has the columns "
            + series.scaling.columns.joined(separator: ", "))
      }
      return column
    }
    self.series = series
    self.session = session
  }

  /// The rows after the last `inputLength` of every window.
  ///
  /// - Parameter windows: each `[rows, columns]`, oldest first.
  /// - Returns: each `[horizon, targets]`.
  /// - Throws: `PredictionError` for a window that is too short or has rows of another width.
  public func predict(_ windows: [[[Float]]]) throws -> [[[Float]]] {
    for (index, window) in windows.enumerated() {
      try check(window) { "window \(index + 1): \($0)" }
    }
    let (length, columns) = (series.windows.inputLength, series.scaling.columns.count)
    let size = max(1, rowsPerBatch / max(length, 1))
    return try stride(from: 0, to: windows.count, by: size).flatMap { start in
      let batch = windows[start...].prefix(size)
      let values = batch.flatMap { window in
        window.suffix(length).flatMap { row in
          row.indices.map { series.scaling.scaled(row[$0], column: $0) }
        }
      }
      let outputs = try session.run([
        "values": try .float32(values, shape: [batch.count, length, columns])
      ])
      return try forecasts(outputs["forecast"], batch.count)
    }
  }

  /// Finds out whether a forecast can be made from a window.
  public func check(
    _ window: [[Float]], _ describe: (String) -> String = { $0 }
  ) throws(PredictionError) {
    let (length, columns) = (series.windows.inputLength, series.scaling.columns.count)
    guard window.count >= length else {
      throw PredictionError(
        message: describe("\(window.count) of at least \(length) rows"))
    }
    for (place, row) in window.enumerated() where row.count != columns {
      throw PredictionError(
        message: describe(
          "row \(place + 1) is \(row.count) long, expected \(columns): "
            + series.scaling.columns.joined(separator: ", ")))
    }
  }

  private func forecasts(_ output: TensorData?, _ count: Int) throws -> [[[Float]]] {
    let shape = [count, series.windows.horizon, targets.count]
    guard let output, output.shape == shape, case .float32(let values) = output.elements else {
      throw PredictionError(message: "the model has no output 'forecast' of type f32\(shape)")
    }
    return (0..<count).map { window in
      (0..<shape[1]).map { row in
        targets.enumerated().map { place, column in
          let value = values[(window * shape[1] + row) * targets.count + place]
          return series.scaling.unscaled(value, column: column)
        }
      }
    }
  }
}
