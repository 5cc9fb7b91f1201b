/// How far forecasts are from what happened, in the series' own unit.
public struct ForecastError: Codable, Hashable, Sendable {
  private var absolute = Mean()
  private var squared = Mean()
  private var relative = Mean()

  /// Nothing yet.
  public init() {}

  /// Adds a forecast of a value.
  public mutating func add(forecast: Double, actual: Double) {
    let error = forecast - actual
    absolute.add(abs(error))
    squared.add(error * error)
    if actual != 0 { relative.add(abs(error / actual)) }
  }

  /// Adds what another has seen.
  public mutating func merge(_ other: ForecastError) {
    absolute.merge(other.absolute)
    squared.merge(other.squared)
    relative.merge(other.relative)
  }

  /// The mean absolute error.
  public var meanAbsolute: Double { absolute.value }

  /// The root of the mean squared error.
  public var rootMeanSquare: Double { squared.value.squareRoot() }

  /// The mean absolute error as a share of the actual value (0.1 is 10 %), over those that are not 0.
  public var meanAbsolutePercentage: Double { relative.value }
}
