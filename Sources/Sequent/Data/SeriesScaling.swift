/// How the columns of a series are brought to mean 0 and deviation 1 for a model, and back.
public struct SeriesScaling: Codable, Hashable, Sendable {
  /// What the columns are called.
  public let columns: [String]
  /// Every column's mean.
  public let means: [Double]
  /// Every column's standard deviation; 1 where the column is constant.
  public let deviations: [Double]

  /// Creates a scaling from its numbers, one for every column.
  public init(columns: [String], means: [Double], deviations: [Double]) {
    precondition(
      columns.count == means.count && means.count == deviations.count, "a number for every column")
    self.columns = columns
    self.means = means
    self.deviations = deviations
  }

  /// Decodes a scaling, and checks what a file can have wrong.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    columns = try container.decode([String].self, forKey: .columns)
    means = try container.decode([Double].self, forKey: .means)
    deviations = try container.decode([Double].self, forKey: .deviations)
    for (key, count) in [(CodingKeys.means, means.count), (.deviations, deviations.count)]
    where count != columns.count {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container,
        debugDescription: "\(count) numbers for \(columns.count) columns")
    }
  }

  /// A value of a column as the model sees it.
  public func scaled(_ value: Float, column: Int) -> Float {
    Float((Double(value) - means[column]) / deviations[column])
  }

  /// A model's value of a column in the column's unit.
  public func unscaled(_ value: Float, column: Int) -> Float {
    Float(Double(value) * deviations[column] + means[column])
  }
}

/// The mean and the deviation of the rows of a series, in one pass (Welford, 1962).
struct SeriesMoments {
  private var count = 0.0
  private var means: [Double] = []
  private var squares: [Double] = []

  /// Adds a row.
  mutating func add(_ row: some Collection<Float>) {
    if means.isEmpty {
      means = Array(repeating: 0, count: row.count)
      squares = means
    }
    count += 1
    for (column, value) in row.enumerated() {
      let difference = Double(value) - means[column]
      means[column] += difference / count
      squares[column] += difference * (Double(value) - means[column])
    }
  }

  /// The scaling that gives the rows mean 0 and deviation 1.
  func scaling(columns: [String]) -> SeriesScaling {
    let deviations = squares.map { ($0 / max(count, 1)).squareRoot() }
    return SeriesScaling(
      columns: columns, means: means, deviations: deviations.map { $0 > 0 ? $0 : 1 })
  }
}
