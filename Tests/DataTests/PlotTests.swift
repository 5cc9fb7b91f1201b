import Foundation
import Testing

@testable import Sequent

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct PlotTests {
  private func isWellFormed(_ svg: String) -> Bool {
    XMLParser(data: Data(svg.utf8)).parse()
  }

  private func count(_ element: String, _ svg: String) -> Int {
    svg.components(separatedBy: "<\(element) ").count - 1
  }

  @Test func curvesHaveAxesAndALegend() throws {
    let training = (1...40).map { 4 * Foundation.exp(-Double($0) / 9) + 0.3 }
    var validation = training.map { $0 * 1.2 + 0.1 }
    validation[20] = .nan
    let svg = LinePlot(
      title: "Loss & <more>", xLabel: "epoch", yLabel: "nats",
      series: [
        .init("training", values: training), .init("validation\u{0}", values: validation),
      ]
    ).svg()
    #expect(isWellFormed(svg))
    #expect(svg.contains("Loss &amp; &lt;more&gt;") && svg.contains(">validation\u{fffd}<"))
    for tick in ["0", "10", "40", "1", "5"] { #expect(svg.contains(">\(tick)</text>")) }
    // A piece before the gap and one after it.
    #expect(svg.components(separatedBy: "stroke-width=\"1.8\"").count - 1 == 3)
    try show(svg, "losses")
  }

  @Test func longCurvesAreThinned() throws {
    var points: [(x: Double, y: Double)] = []
    for step in 0..<200_000 {
      let peak = step == 77_777 ? 4.0 : 0
      points.append((x: Double(step), y: 1 + Foundation.sin(Double(step) / 9000) + peak))
    }
    let svg = LinePlot(
      title: "t", xLabel: "step", yLabel: "y", series: [.init("s", points: points)]
    ).svg()
    #expect(isWellFormed(svg))
    #expect(svg.utf8.count < 60_000)
    // The one high point is still there: the others are in the lower half of the picture.
    let heights = svg.components(separatedBy: "points=\"").dropFirst()
      .flatMap { $0.prefix { $0 != "\"" }.split(separator: " ") }
      .compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
    #expect(heights.contains { $0 > 45 && $0 < 150 })
    try show(svg, "thinned")
  }

  @Test func logarithmicAxesHaveTicksAtPowersOfTen() throws {
    let norms = (0..<50).map { Foundation.pow(0.7, Double($0)) }
    let svg = LinePlot(
      title: "Gradient norm by time step", xLabel: "steps back", yLabel: "norm",
      series: [
        .init("RNN", values: norms),
        .init("LSTM", values: norms.map { $0.squareRoot().squareRoot() }),
      ], hasLogarithmicY: true
    ).svg()
    #expect(isWellFormed(svg))
    for tick in ["1", "0.01", "0.0001", "1e-6"] { #expect(svg.contains(">\(tick)</text>")) }
    try show(svg, "norms")
  }

  @Test(
    arguments: [
      [], [.nan], [0], [5, 5, 5], [-1e308, 1e308],
      [.leastNonzeroMagnitude, .leastNormalMagnitude / 2], [.infinity, 1], [-3, -1],
      [1e300], [1, 1 + 1e-15],
    ] as [[Double]])
  func anyValuesMakeAPicture(_ values: [Double]) {
    for isLogarithmic in [false, true] {
      let svg = LinePlot(
        title: "", xLabel: "", yLabel: "", series: [.init("", values: values)],
        hasLogarithmicX: isLogarithmic, hasLogarithmicY: isLogarithmic
      ).svg()
      #expect(isWellFormed(svg))
      #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
    let map = HeatMap(
      title: "", rowLabel: "", columnLabel: "", rows: ["r"], columns: values.map { "\($0)" },
      values: [values])
    #expect(isWellFormed(map.svg()))
  }

  @Test func attentionHasACellForEveryPair() throws {
    let (letters, phonemes) = (
      "attention".map(String.init), ["AH", "T", "EH", "N", "SH", "AH", "N"]
    )
    let values = phonemes.indices.map { row in
      let weights = letters.indices.map { Foundation.exp(-abs(Double($0) - Double(row) * 1.25)) }
      return weights.map { $0 / weights.reduce(0, +) }
    }
    let map = HeatMap(
      title: "attention", rowLabel: "phonemes", columnLabel: "letters", rows: phonemes,
      columns: letters, values: values)
    #expect(isWellFormed(map.svg()))
    #expect(count("rect", map.svg()) == 9 * 7 + 20 + 1)
    try show(map.svg(), "attention")
    let words = ["International", "<s>", "organisations", "&", "日本語"]
    let long = HeatMap(
      title: "words", rowLabel: "output", columnLabel: "input", rows: words, columns: words,
      values: words.indices.map { row in words.indices.map { $0 == row ? .nan : Double($0) / 9 } })
    #expect(isWellFormed(long.svg()))
    try show(long.svg(), "words")
  }

  @Test func severalMapsAreOnePicture() throws {
    let maps = [["a", "b & c"], [], ["d"]].enumerated().map { index, rows in
      HeatMap(
        title: "map \(index)", rowLabel: "answer", columnLabel: "source", rows: rows,
        columns: ["x", "y"], values: rows.map { _ in [0.25, 0.75] })
    }
    let svg = HeatMap.svg(maps)
    #expect(isWellFormed(svg) && isWellFormed(HeatMap.svg([])))
    #expect(count("rect", svg) == 1 + 3 * 20 + 6)
    #expect((0..<3).allSatisfy { svg.contains(">map \($0)<") })
    #expect(HeatMap.svg([maps[0]]) == maps[0].svg())
    try show(svg, "maps")
  }

  @Test func picturesAreWrittenInWhole() throws {
    let files = try TemporaryFiles(["plot.svg": "old"])
    let plot = LinePlot(title: "t", xLabel: "x", yLabel: "y", series: [.init("s", values: [1, 2])])
    try plot.write(to: files.path("plot.svg"))
    #expect(try String(contentsOfFile: files.path("plot.svg"), encoding: .utf8) == plot.svg())
    #expect(
      files.message { try plot.write(to: files.path("none/plot.svg")) }.contains("no such file"))
  }

  /// Writes a picture to the folder `SEQUENT_PLOTS`, to be looked at.
  private func show(_ svg: String, _ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["SEQUENT_PLOTS"] else { return }
    try svg.write(toFile: "\(folder)/\(name).svg", atomically: true, encoding: .utf8)
  }
}
