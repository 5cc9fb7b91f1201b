import SequentIR

/// Windows of numeric series, for a model that forecasts.
///
/// A batch has `values` f32 `[batch, inputLength, columns]`, scaled, and `targets` f32
/// `[batch, horizon, targetColumns]`, the scaled rows after them.
public struct ForecastData: ExampleSource {
  /// How long the windows are, and what they are to forecast.
  public struct Windows: Codable, Hashable, Sendable {
    /// How many rows a model sees.
    public let inputLength: Int
    /// How many rows after them it forecasts.
    public let horizon: Int
    /// How many rows the next window is further on.
    public let stride: Int
    /// The names of the columns to forecast; none for all.
    public let targets: [String]

    /// Creates a description of windows.
    public init(inputLength: Int, horizon: Int, stride: Int = 1, targets: [String] = []) {
      self.inputLength = inputLength
      self.horizon = horizon
      self.stride = stride
      self.targets = targets
    }
  }

  /// The bits of the values; a record for every row of every file.
  private let records: RecordStore
  /// The first row of every window.
  private let starts: [Int]
  private let targetColumns: [Int]
  /// The windows.
  public let windows: Windows
  /// The scaling of the columns.
  public let scaling: SeriesScaling

  /// Reads all series.
  ///
  /// - Parameters:
  ///   - part: the rows that windows may touch; what is held out is the end of every file.
  ///   - scaling: that of the training data; nil for one by the rows of this part.
  public init(
    _ reader: SeriesReader, windows: Windows, part: DataPart = .all, scaling: SeriesScaling? = nil
  ) throws {
    guard windows.inputLength > 0, windows.horizon > 0, windows.stride > 0 else {
      throw FormatError(
        file: reader.files.map(\.name).joined(separator: ", "),
        reason: "windows of \(windows.inputLength) rows, the next \(windows.horizon) to forecast, "
          + "every \(windows.stride): expected at least 1 of each")
    }
    var records = RecordStore.Builder()
    var parts: [Range<Int>] = []
    var names: [String]?
    for (index, file) in reader.files.enumerated() {
      let first = records.count
      let columns = try reader.forEachRow(inFile: index) { row in
        try records.append(row.map { Int32(bitPattern: $0.bitPattern) })
      }
      guard names == nil || names == columns else {
        throw FormatError(
          file: file.name,
          reason: "the columns \(columns.joined(separator: ", ")), expected "
            + "\(names?.joined(separator: ", ") ?? "") as in the file before")
      }
      names = columns
      let rows = part.rows(of: records.count - first)
      guard rows.count >= windows.inputLength + windows.horizon else {
        throw FormatError(
          file: file.name,
          reason: "\(rows.count) rows in \(part), expected at least \(windows.inputLength) and "
            + "the \(windows.horizon) after them")
      }
      parts.append(first + rows.lowerBound..<first + rows.upperBound)
    }
    let columns = names ?? []
    if let scaling, scaling.columns != columns {
      throw FormatError(
        file: reader.files.map(\.name).joined(separator: ", "),
        reason: "the columns \(columns.joined(separator: ", ")), expected "
          + "\(scaling.columns.joined(separator: ", ")) as in the training data")
    }
    targetColumns = try windows.targets.map { name in
      guard let column = columns.firstIndex(of: name) else {
        throw FormatError(
          file: reader.files.map(\.name).joined(separator: ", "),
          reason: "the columns \(columns.joined(separator: ", ")), expected '\(name)' among them")
      }
      return column
    }
    self.records = try records.finished()
    self.windows = windows
    starts = parts.flatMap { rows in
      Swift.stride(
        from: rows.lowerBound, through: rows.upperBound - windows.inputLength - windows.horizon,
        by: windows.stride)
    }
    self.scaling = try scaling ?? Self.scaling(of: self.records, parts, columns)
  }

  private static func scaling(
    of records: RecordStore, _ parts: [Range<Int>], _ columns: [String]
  ) throws -> SeriesScaling {
    var moments = SeriesMoments()
    for rows in parts {
      for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 4096) {
        let places = first * columns.count..<min(first + 4096, rows.upperBound) * columns.count
        let values = try records.values(places).map(Self.value)
        for start in Swift.stride(from: 0, to: values.count, by: columns.count) {
          moments.add(values[start..<start + columns.count])
        }
      }
    }
    return moments.scaling(columns: columns)
  }

  private static func value(_ bits: Int32) -> Float { Float(bitPattern: UInt32(bitPattern: bits)) }

  /// How many windows there are.
  public var count: Int { starts.count }

  /// The windows are equally long.
  public func size(of example: Int) -> ExampleSize {
    ExampleSize(input: windows.inputLength, output: windows.horizon)
  }

  /// The columns that are forecast, by their places.
  private var forecast: [Int] {
    targetColumns.isEmpty ? Array(scaling.columns.indices) : targetColumns
  }

  /// Some windows as a batch.
  public func batch(_ examples: [Int]) throws -> Batch {
    let width = scaling.columns.count
    let (length, horizon) = (windows.inputLength, windows.horizon)
    var (values, targets): ([Float], [Float]) = ([], [])
    for example in examples {
      let start = starts[example] * width
      let rows = try records.values(start..<start + (length + horizon) * width)
      for index in 0..<length * width {
        values.append(scaling.scaled(Self.value(rows[index]), column: index % width))
      }
      for row in length..<length + horizon {
        for column in forecast {
          targets.append(scaling.scaled(Self.value(rows[row * width + column]), column: column))
        }
      }
    }
    return Batch(
      tensors: [
        "values": try .float32(values, shape: [examples.count, length, width]),
        "targets": try .float32(targets, shape: [examples.count, horizon, forecast.count]),
      ], examples: examples, tokenCount: examples.count * length)
  }
}
