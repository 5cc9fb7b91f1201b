/// Curves over a common axis, such as the losses of a training run, as an SVG picture.
public struct LinePlot: Sendable {
  /// One curve.
  public struct Series: Sendable {
    /// What the legend calls it.
    public let name: String
    /// Its points, in the order in which they are joined; one that is not finite is a gap.
    public let points: [(x: Double, y: Double)]
    /// Which of the colours it has; by its place among the curves otherwise.
    let colour: Int?
    /// Whether it is dashed, to stand beside another of its colour.
    let isDashed: Bool

    /// A curve through points.
    ///
    /// - Parameters:
    ///   - colour: a number; curves of the same number have the same colour.
    ///   - isDashed: tells curves of the same colour apart.
    public init(
      _ name: String, points: [(x: Double, y: Double)], colour: Int? = nil, isDashed: Bool = false
    ) {
      self.name = name
      self.points = points
      self.colour = colour
      self.isDashed = isDashed
    }

    /// A curve through values at 1, 2, 3, ….
    public init(_ name: String, values: [Double]) {
      self.init(name, points: values.enumerated().map { (Double($0 + 1), $1) })
    }
  }

  private let title: String
  private let xLabel: String
  private let yLabel: String
  private let series: [Series]
  private let xAxis: PlotAxis
  private let yAxis: PlotAxis

  /// Creates a plot.
  ///
  /// - Parameter yIncluding: values that the vertical axis shows in any case.
  public init(
    title: String, xLabel: String, yLabel: String, series: [Series],
    hasLogarithmicX: Bool = false, hasLogarithmicY: Bool = false, yIncluding: [Double] = []
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
    let points = series.lazy.flatMap(\.points)
    xAxis = PlotAxis(points.map(\.x), isLogarithmic: hasLogarithmicX)
    yAxis = PlotAxis(points.map(\.y) + yIncluding, isLogarithmic: hasLogarithmicY)
  }

  /// Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
  private static let colours = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222",
  ]
  private static let dashes: [String?] = [nil, "6 3", "2 2"]

  /// The picture.
  public func svg() -> String {
    let legendWidth = series.map { SVGDrawing.width(of: $0.name, size: 12) + 40 }.max() ?? 0
    let tickWidth = yAxis.ticks.map { SVGDrawing.width(of: $0.text, size: 11) }.max() ?? 0
    let (left, top, plotWidth, plotHeight) = (tickWidth + 40, 44.0, 560.0, 320.0)
    var drawing = SVGDrawing(
      width: left + plotWidth + 24 + legendWidth, height: top + plotHeight + 56, title: title)
    let (right, bottom) = (left + plotWidth, top + plotHeight)
    drawing.text(title, left, 26, size: 15, isBold: true)

    for tick in yAxis.ticks {
      guard let place = yAxis.place(of: tick.value) else { continue }
      let y = bottom - place * plotHeight
      drawing.line([(left, y), (right, y)], stroke: "#e4e4e4")
      drawing.text(tick.text, left - 8, y + 4, size: 11, anchor: .end)
    }
    for tick in xAxis.ticks {
      guard let place = xAxis.place(of: tick.value) else { continue }
      let x = left + place * plotWidth
      drawing.line([(x, bottom), (x, bottom + 5)], stroke: "#888")
      drawing.text(tick.text, x, bottom + 19, size: 11, anchor: .middle)
    }
    drawing.line([(left, bottom), (right, bottom)], stroke: "#888")
    drawing.text(xLabel, left + plotWidth / 2, bottom + 42, anchor: .middle)
    drawing.text(yLabel, 16, top + plotHeight / 2, anchor: .middle, angle: -90)

    for (index, curve) in series.enumerated() {
      let number = curve.colour ?? index
      let colour = Self.colours[number % Self.colours.count]
      let round = number / Self.colours.count + (curve.isDashed ? 1 : 0)
      let dashes = Self.dashes[round % Self.dashes.count]
      for run in runs(curve) {
        let line = run.map { (x: left + $0.x * plotWidth, y: bottom - $0.y * plotHeight) }
        if line.count == 1 {
          drawing.dot(line[0].x, line[0].y, radius: 2.5, fill: colour)
        } else {
          drawing.line(Self.thinned(line), stroke: colour, width: 1.8, dashes: dashes)
        }
      }
      let y = top + 12 + Double(index) * 20
      drawing.line([(right + 16, y), (right + 36, y)], stroke: colour, width: 2.5, dashes: dashes)
      drawing.text(curve.name, right + 42, y + 4)
    }
    return drawing.document
  }

  /// Writes the picture to a file, in the path's place when it is complete.
  public func write(to path: String) throws {
    try replaceFile(at: path) { try $0.write(Array(svg().utf8)) }
  }

  /// The places of a curve's points on both axes, in pieces between gaps.
  private func runs(_ curve: Series) -> [[(x: Double, y: Double)]] {
    var runs: [[(x: Double, y: Double)]] = [[]]
    for point in curve.points {
      if let x = xAxis.place(of: point.x), let y = yAxis.place(of: point.y) {
        runs[runs.count - 1].append((x, y))
      } else if runs.last?.isEmpty == false {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }
  }

  /// A line that looks the same with fewer points: of those in one column of pixels the first, the
  /// lowest, the highest, and the last.
  private static func thinned(_ line: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard line.count > 2000 else { return line }
    var result: [(x: Double, y: Double)] = []
    var start = line.startIndex
    while start < line.endIndex {
      let column = line[start].x.rounded(.down)
      let end = line[start...].firstIndex { $0.x.rounded(.down) != column } ?? line.endIndex
      let places = start..<end
      let low = places.min { line[$0].y < line[$1].y } ?? start
      let high = places.max { line[$0].y < line[$1].y } ?? start
      result += Set([start, low, high, end - 1]).sorted().map { line[$0] }
      start = end
    }
    return result
  }
}
