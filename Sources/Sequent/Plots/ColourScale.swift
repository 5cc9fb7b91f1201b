import Foundation

/// Colours for the values of a picture: white for the lowest, over blue to nearly black for the
/// highest, grey for what has no place.
struct ColourScale {
  /// The value that is white; 0 or less on a linear scale.
  let low: Double
  /// The value that is nearly black.
  let high: Double
  private let isLogarithmic: Bool

  /// A scale for values, of which it shows those that are finite (and positive, on a logarithmic one).
  init(_ values: some Sequence<Double>, isLogarithmic: Bool) {
    self.isLogarithmic = isLogarithmic
    let shown = values.filter { $0.isFinite && ($0 > 0 || !isLogarithmic) }
    if isLogarithmic {
      (low, high) = (shown.min() ?? 1, shown.max() ?? 10)
    } else {
      (low, high) = (min(shown.min() ?? 0, 0), max(shown.max() ?? 1, 0))
    }
  }

  /// The colour of a value.
  func colour(of value: Double) -> String {
    guard value.isFinite, value > 0 || !isLogarithmic else { return "#bbbbbb" }
    let position = { (value: Double) in isLogarithmic ? Foundation.log10(value) : value }
    // Halves, because the difference of two doubles can be more than a double holds.
    let start = position(low) / 2
    let span = position(high) / 2 - start
    return colour(at: span > 0 ? (position(value) / 2 - start) / span : 0)
  }

  /// The colour of a place between the ends, 0 to 1.
  func colour(at place: Double) -> String {
    let stops: [(Double, Double, Double)] = [
      (247, 249, 252), (158, 202, 225), (49, 130, 189), (8, 48, 107),
    ]
    let scaled = place * Double(stops.count - 1)
    let stop = min(Int(scaled), stops.count - 2)
    let (from, to, part) = (stops[stop], stops[stop + 1], scaled - Double(stop))
    let mixed = [(from.0, to.0), (from.1, to.1), (from.2, to.2)].map { from, to in
      String(format: "%02x", Int((from + (to - from) * part).rounded()))
    }
    return "#" + mixed.joined()
  }
}
