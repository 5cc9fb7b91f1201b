/// The labels along one side of a heat map: which are written, and how large.
///
/// Words are all written while they can be read, and left out together. Whole numbers follow from
/// one another: every second, fifth, tenth, … is written, as many as fit.
struct CellLabels {
  /// The size of the letters.
  let size: Double
  /// The width of the widest label that is written; 0 without any.
  let width: Double
  /// Whether the labels are too wide to stand side by side.
  let isTurned: Bool
  private let labels: [String]
  /// The distance between labels that are written; nil for none.
  private let every: Int?

  /// Lays out labels.
  ///
  /// - Parameters:
  ///   - cell: the distance from a cell to the next, in pixels.
  ///   - areSideBySide: whether the labels stand above columns, not before rows.
  init(_ labels: [String], cell: Double, areSideBySide: Bool) {
    self.labels = labels
    let widest = { (size: Double) in
      labels.map { SVGDrawing.width(of: $0, size: size) }.max() ?? 0
    }
    if labels.allSatisfy({ Int($0) != nil }) {
      let size = 11.0
      let needed = areSideBySide ? widest(size) + 6 : size + 4
      (self.size, width, isTurned) = (size, widest(size), false)
      every = Self.distances.first { Double($0) * cell >= needed }
    } else {
      size = min(cell * 0.6, 13)
      let isReadable = size >= 6
      width = isReadable ? widest(size) : 0
      isTurned = areSideBySide && width > cell
      every = isReadable ? 1 : nil
    }
  }

  /// How high the labels are above columns.
  var height: Double { isTurned ? width : every == nil ? 0 : size }

  /// The labels that are written, with the positions of their cells.
  var written: [(position: Int, label: String)] {
    guard let every else { return [] }
    return labels.enumerated().filter { $0.offset % every == 0 }.map { ($0.offset, $0.element) }
  }

  private static let distances = [1, 2, 5, 10, 20, 50, 100, 200, 500]
}
