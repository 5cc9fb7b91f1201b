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
  public func svg() -> String { Self.svg([self]) }

  /// Several maps as one picture, one below the other.
  public static func svg(_ maps: [HeatMap]) -> String {
    let layouts = maps.map(Layout.init)
    var drawing = SVGDrawing(
      width: layouts.map(\.totalWidth).max() ?? 0,
      height: layouts.reduce(0) { $0 + $1.totalHeight },
      title: maps.map(\.title).joined(separator: "; "))
    var top = 0.0
    for (map, layout) in zip(maps, layouts) {
      map.draw(layout, top, &drawing)
      top += layout.totalHeight
    }
    return drawing.document
  }

  /// Where the parts of a map are, in pixels from its upper left corner.
  private struct Layout {
    let rowLabels: CellLabels
    let columnLabels: CellLabels
    let (cell, cellHeight): (Double, Double)
    /// The corner of the cells, and how large they are together.
    let (left, top, width, height): (Double, Double, Double, Double)
    let legendX: Double
    let totalWidth: Double

    init(_ map: HeatMap) {
      let (rows, columns) = (map.rows, map.columns)
      cell = min(max(720 / Double(max(rows.count, columns.count, 1)), 4), 28)
      // A few rows of many columns would be a thin stripe.
      cellHeight = max(cell, min(240 / Double(max(rows.count, 1)), 28))
      rowLabels = CellLabels(rows, cell: cellHeight, areSideBySide: false)
      columnLabels = CellLabels(columns, cell: cell, areSideBySide: true)
      (left, top) = (rowLabels.width + 44, columnLabels.height + 70)
      (width, height) = (Double(columns.count) * cell, Double(rows.count) * cellHeight)
      legendX = left + width + 20
      totalWidth = max(legendX + 70, left + SVGDrawing.width(of: map.title, size: 15) + 16)
    }

    var totalHeight: Double { max(top + height, top + 80) + 20 }
  }

  /// Draws the map below a line.
  private func draw(_ layout: Layout, _ start: Double, _ drawing: inout SVGDrawing) {
    let (cell, cellHeight) = (layout.cell, layout.cellHeight)
    let (left, top) = (layout.left, start + layout.top)
    drawing.text(title, left, start + 24, size: 15, isBold: true)
    drawing.text(columnLabel, left + layout.width / 2, start + 48, anchor: .middle)
    drawing.text(rowLabel, 16, top + layout.height / 2, anchor: .middle, angle: -90)

    let scale = ColourScale(values.joined(), isLogarithmic: isLogarithmic)
    for (row, label) in rows.enumerated() {
      for (column, value) in values[row].enumerated() {
        drawing.rectangle(
          left + Double(column) * cell, top + Double(row) * cellHeight, cell - 0.5,
          cellHeight - 0.5, fill: scale.colour(of: value),
          tip: "\(label), \(columns[column]): \(String(format: "%.3g", value))")
      }
    }
    drawLabels(layout, top, &drawing)
    for step in 0..<20 {
      drawing.rectangle(
        layout.legendX, top + Double(step) * 4, 12, 4.5,
        fill: scale.colour(at: 1 - (Double(step) + 0.5) / 20))
    }
    drawing.text(String(format: "%.3g", scale.high), layout.legendX + 18, top + 9, size: 11)
    drawing.text(String(format: "%.3g", scale.low), layout.legendX + 18, top + 80, size: 11)
  }

  private func drawLabels(_ layout: Layout, _ top: Double, _ drawing: inout SVGDrawing) {
    for (row, label) in layout.rowLabels.written {
      let (y, size) = (top + (Double(row) + 0.5) * layout.cellHeight, layout.rowLabels.size)
      drawing.text(label, layout.left - 8, y + size * 0.35, size: size, anchor: .end)
    }
    for (column, label) in layout.columnLabels.written {
      let x = layout.left + (Double(column) + 0.5) * layout.cell
      let size = layout.columnLabels.size
      if layout.columnLabels.isTurned {
        drawing.text(label, x + size * 0.35, top - 8, size: size, angle: -90)
      } else {
        drawing.text(label, x, top - 8, size: size, anchor: .middle)
      }
    }
  }

  /// Writes the picture to a file, in the path's place when it is complete.
  public func write(to path: String) throws { try Self.write([self], to: path) }

  /// Writes several maps as one picture, in the path's place when it is complete.
  public static func write(_ maps: [HeatMap], to path: String) throws {
    try replaceFile(at: path, with: svg(maps))
  }
}
