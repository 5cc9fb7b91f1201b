import Foundation

/// A matrix as coloured cells with labels, such as the attention of outputs to inputs, as an SVG picture.
public struct HeatMap: Sendable {
  private let title: String
  private let rowLabel: String
  private let columnLabel: String
  private let rows: [String]
  private let columns: [String]
  private let values: [[Double]]

  /// Creates a heat map.
  ///
  /// - Parameters:
  ///   - rowLabel: what the rows are, from the top down.
  ///   - columnLabel: what the columns are, from left to right.
  ///   - values: an array for every row, with a value for every column.
  public init(
    title: String, rowLabel: String, columnLabel: String, rows: [String], columns: [String],
    values: [[Double]]
  ) {
    precondition(
      values.count == rows.count && values.allSatisfy { $0.count == columns.count },
      "a value for every row and column")
    self.title = title
    self.rowLabel = rowLabel
    self.columnLabel = columnLabel
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The picture.
  public func svg() -> String {
    let cell = min(max(720 / Double(max(rows.count, columns.count, 1)), 4), 28)
    let size = min(cell * 0.6, 13)
    let hasLabels = size >= 6
    let widest = { (labels: [String]) in
      hasLabels ? labels.map { SVGDrawing.width(of: $0, size: size) }.max() ?? 0 : 0
    }
    let isTurned = widest(columns) > cell
    let columnHeight = isTurned ? widest(columns) : hasLabels ? size : 0
    let (left, top) = (widest(rows) + 44, columnHeight + 70)
    let (width, height) = (Double(columns.count) * cell, Double(rows.count) * cell)
    let legendX = left + width + 20
    var drawing = SVGDrawing(
      width: max(legendX + 70, left + SVGDrawing.width(of: title, size: 15) + 16),
      height: max(top + height, top + 80) + 20, title: title)
    drawing.text(title, left, 24, size: 15, isBold: true)
    drawing.text(columnLabel, left + width / 2, 48, anchor: .middle)
    drawing.text(rowLabel, 16, top + height / 2, anchor: .middle, angle: -90)

    let finite = values.joined().filter(\.isFinite)
    let (low, high) = (min(finite.min() ?? 0, 0), max(finite.max() ?? 1, 0))
    for (row, label) in rows.enumerated() {
      let y = top + Double(row) * cell
      if hasLabels {
        drawing.text(label, left - 8, y + cell / 2 + size * 0.35, size: size, anchor: .end)
      }
      for (column, value) in values[row].enumerated() {
        drawing.rectangle(
          left + Double(column) * cell, y, cell - 0.5, cell - 0.5,
          fill: colour(value, low, high),
          tip: "\(label), \(columns[column]): \(String(format: "%.3g", value))")
      }
    }
    for (column, label) in columns.enumerated() where hasLabels {
      let x = left + (Double(column) + 0.5) * cell
      if isTurned {
        drawing.text(label, x + size * 0.35, top - 8, size: size, angle: -90)
      } else {
        drawing.text(label, x, top - 8, size: size, anchor: .middle)
      }
    }
    for step in 0..<20 {
      let part = (Double(step) + 0.5) / 20
      let value = high * (1 - part) + low * part
      drawing.rectangle(legendX, top + Double(step) * 4, 12, 4.5, fill: colour(value, low, high))
    }
    drawing.text(String(format: "%.3g", high), legendX + 18, top + 9, size: 11)
    drawing.text(String(format: "%.3g", low), legendX + 18, top + 80, size: 11)
    return drawing.document
  }

  /// Writes the picture to a file, in the path's place when it is complete.
  public func write(to path: String) throws {
    try replaceFile(at: path) { try $0.write(Array(svg().utf8)) }
  }

  /// White for the lowest value, over blue to nearly black for the highest; grey for no number.
  private func colour(_ value: Double, _ low: Double, _ high: Double) -> String {
    guard value.isFinite else { return "#bbbbbb" }
    let stops: [(Double, Double, Double)] = [
      (247, 249, 252), (158, 202, 225), (49, 130, 189), (8, 48, 107),
    ]
    // Halves, because the difference of two doubles can be more than a double holds.
    let span = high / 2 - low / 2
    let place = span > 0 ? (value / 2 - low / 2) / span * Double(stops.count - 1) : 0
    let stop = min(Int(place), stops.count - 2)
    let (from, to, part) = (stops[stop], stops[stop + 1], place - Double(stop))
    let mixed = [(from.0, to.0), (from.1, to.1), (from.2, to.2)].map { from, to in
      String(format: "%02x", Int((from + (to - from) * part).rounded()))
    }
    return "#" + mixed.joined()
  }
}
