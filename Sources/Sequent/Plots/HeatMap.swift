import Foundation

/// A matrix as coloured cells with labels, such as the attention of outputs to inputs, as an SVG picture.
public struct HeatMap: Sendable {
  private let title: String
  private let rowLabel: String
  private let columnLabel: String
  private let rows: [String]
  private let columns: [String]
  private let values: [[Double]]
  private let isLogarithmic: Bool

  /// Creates a heat map.
  ///
  /// - Parameters:
  ///   - rowLabel: what the rows are, from the top down.
  ///   - columnLabel: what the columns are, from left to right.
  ///   - rows: their labels; of labels that are all whole numbers, as many are written as fit.
  ///   - values: an array for every row, with a value for every column.
  ///   - isLogarithmic: whether colours follow the values' logarithms.
  public init(
    title: String, rowLabel: String, columnLabel: String, rows: [String], columns: [String],
    values: [[Double]], isLogarithmic: Bool = false
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
    self.isLogarithmic = isLogarithmic
  }

  /// The picture.
  public func svg() -> String {
    let cell = min(max(720 / Double(max(rows.count, columns.count, 1)), 4), 28)
    // A few rows of many columns would be a thin stripe.
    let cellHeight = max(cell, min(240 / Double(max(rows.count, 1)), 28))
    let rowLabels = CellLabels(rows, cell: cellHeight, areSideBySide: false)
    let columnLabels = CellLabels(columns, cell: cell, areSideBySide: true)
    let (left, top) = (rowLabels.width + 44, columnLabels.height + 70)
    let (width, height) = (Double(columns.count) * cell, Double(rows.count) * cellHeight)
    let legendX = left + width + 20
    var drawing = SVGDrawing(
      width: max(legendX + 70, left + SVGDrawing.width(of: title, size: 15) + 16),
      height: max(top + height, top + 80) + 20, title: title)
    drawing.text(title, left, 24, size: 15, isBold: true)
    drawing.text(columnLabel, left + width / 2, 48, anchor: .middle)
    drawing.text(rowLabel, 16, top + height / 2, anchor: .middle, angle: -90)

    let scale = ColourScale(values.joined(), isLogarithmic: isLogarithmic)
    for (row, label) in rows.enumerated() {
      for (column, value) in values[row].enumerated() {
        drawing.rectangle(
          left + Double(column) * cell, top + Double(row) * cellHeight, cell - 0.5,
          cellHeight - 0.5, fill: scale.colour(of: value),
          tip: "\(label), \(columns[column]): \(String(format: "%.3g", value))")
      }
    }
    for (row, label) in rowLabels.written {
      let y = top + (Double(row) + 0.5) * cellHeight
      drawing.text(
        label, left - 8, y + rowLabels.size * 0.35, size: rowLabels.size, anchor: .end)
    }
    for (column, label) in columnLabels.written {
      let (x, size) = (left + (Double(column) + 0.5) * cell, columnLabels.size)
      if columnLabels.isTurned {
        drawing.text(label, x + size * 0.35, top - 8, size: size, angle: -90)
      } else {
        drawing.text(label, x, top - 8, size: size, anchor: .middle)
      }
    }
    for step in 0..<20 {
      drawing.rectangle(
        legendX, top + Double(step) * 4, 12, 4.5,
        fill: scale.colour(at: 1 - (Double(step) + 0.5) / 20))
    }
    drawing.text(String(format: "%.3g", scale.high), legendX + 18, top + 9, size: 11)
    drawing.text(String(format: "%.3g", scale.low), legendX + 18, top + 80, size: 11)
    return drawing.document
  }

  /// Writes the picture to a file, in the path's place when it is complete.
  public func write(to path: String) throws {
    try replaceFile(at: path) { try $0.write(Array(svg().utf8)) }
  }
}
