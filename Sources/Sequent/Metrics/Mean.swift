/// A mean of weighted values, such as the loss of batches of different sizes.
public struct Mean: Codable, Hashable, Sendable {
  /// The sum of the values, each times its weight.
  public private(set) var total = 0.0
  /// The sum of the weights.
  public private(set) var weight = 0.0

  /// Nothing yet.
  public init() {}

  /// Adds a value; how many it stands for is its weight.
  public mutating func add(_ value: Double, weight: Double = 1) {
    total += value * weight
    self.weight += weight
  }

  /// Adds what another has seen.
  public mutating func merge(_ other: Mean) {
    total += other.total
    weight += other.weight
  }

  /// The mean; NaN when nothing was added.
  public var value: Double { total / weight }
}
