import Foundation

/// An axis of a plot: which values it shows, and where its ticks are.
struct PlotAxis {
  /// The values at its ends.
  let range: ClosedRange<Double>
  /// The values that are written at it, and how.
  let ticks: [(value: Double, text: String)]
  private let isLogarithmic: Bool

  /// An axis for values, of which it shows those that are finite (and positive, on a logarithmic one).
  init(_ values: some Sequence<Double>, isLogarithmic: Bool) {
    self.isLogarithmic = isLogarithmic
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where value.isFinite && (value > 0 || !isLogarithmic) {
      low = min(low, value)
      high = max(high, value)
    }
    if low > high { (low, high) = (isLogarithmic ? 1 : 0, isLogarithmic ? 10 : 1) }
    if isLogarithmic {
      (range, ticks) = Self.logarithmic(low, high)
    } else {
      (range, ticks) = Self.linear(low, high)
    }
  }

  /// Where a value is between the ends, 0 to 1; nil when it has no place.
  func place(of value: Double) -> Double? {
    guard value.isFinite, value > 0 || !isLogarithmic else { return nil }
    let (low, high, value) =
      isLogarithmic
      ? (log10(range.lowerBound), log10(range.upperBound), log10(value))
      : (range.lowerBound, range.upperBound, value)
    // Halves, because the difference of two doubles can be more than a double holds.
    let place = (value / 2 - low / 2) / (high / 2 - low / 2)
    return place.isFinite ? place : nil
  }

  /// About six ticks at multiples of 1, 2 or 5 times a power of ten.
  private static func linear(
    _ low: Double, _ high: Double
  ) -> (ClosedRange<Double>, [(value: Double, text: String)]) {
    var (low, high) = (low, high)
    let least = max(abs(low), abs(high), 1e-300) * 1e-9
    if high - low < least {
      let margin = max(abs(low) / 10, least)
      (low, high) = (max(low - margin, -.greatestFiniteMagnitude), high + margin)
      high = min(high, .greatestFiniteMagnitude)
    }
    let rough = high / 6 - low / 6
    let power = pow(10, floor(log10(rough)))
    let step = ([1, 2, 5].first { $0 * power >= rough } ?? 10) * power
    let (first, last) = (floor(low / step), ceil(high / step))
    let ticks = stride(from: first, through: last, by: 1).map { multiple in
      (value: multiple * step, text: text(multiple * step, step: step))
    }
    let (start, end) = (first * step, last * step)
    guard start.isFinite, end.isFinite, start < end else { return (low...high, []) }
    return (start...end, ticks)
  }

  /// Ticks at powers of ten, and between them where there are few.
  private static func logarithmic(
    _ low: Double, _ high: Double
  ) -> (ClosedRange<Double>, [(value: Double, text: String)]) {
    let decades = log10(high) - log10(low)
    let multiples: [Double] = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5]
    let every = max(Int((decades / 8).rounded(.up)), 1)
    let exponents = Int(floor(log10(low))) - 1...Int(ceil(log10(high))) + 1
    var ticks: [(value: Double, text: String)] = []
    for exponent in exponents where exponent % every == 0 {
      for multiple in multiples {
        let value = multiple * pow(10, Double(exponent))
        if value > 0, value.isFinite { ticks.append((value, text(value, step: value))) }
      }
    }
    let start = ticks.last { $0.value <= low }?.value ?? low
    var end = ticks.first { $0.value >= high }?.value ?? high
    if end <= start { end = start * 10 }
    return (start...end, ticks.filter { (start...end).contains($0.value) })
  }

  /// A value with the digits that tell it from its neighbours.
  private static func text(_ value: Double, step: Double) -> String {
    if value == 0 { return "0" }
    let size = abs(value)
    guard (1e-4..<1e6).contains(size), step >= 1e-6 else {
      let text = String(format: "%.3g", value)
      return text.replacingOccurrences(of: "e+0", with: "e").replacingOccurrences(
        of: "e-0", with: "e-")
    }
    let digits = max(0, Int(ceil(-log10(step) - 1e-9)))
    return String(format: "%.\(digits)f", value)
  }
}
