import Foundation
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

@Suite struct ForecasterTests {
  /// Two columns of other scales, of which the second is forecast two rows ahead.
  private static func model() throws -> Forecaster {
    try Forecaster.configured([
      "scaling": #"{"columns": ["a", "b"], "means": [100, -5], "deviations": [10, 0.5]}"#,
      "targets": #"["b"]"#, "inputLength": "4", "horizon": "2", "hidden": "8",
    ])
  }

  private static func window(_ first: Int, _ rows: Int = 4) -> [[Float]] {
    (first..<first + rows).map { [100 + 10 * Float($0 % 3), -5 + 0.1 * Float($0 % 5)] }
  }

  @Test func forecastsAreInTheUnitsOfTheData() throws {
    let model = try Self.model().compiled(seed: 1)
    let scaled = Self.window(0).flatMap { [($0[0] - 100) / 10, ($0[1] + 5) / 0.5] }
    let outputs = try model.session().run(["values": .float32(scaled, shape: [1, 4, 2])])
    let raw = try #require(outputs["forecast"])
    #expect(raw.shape == [1, 2, 1])
    guard case .float32(let values) = raw.elements else { return }
    let forecast = try model.seriesPredictor().predict([Self.window(0)])
    #expect(forecast.count == 1 && forecast[0].count == 2)
    for (row, value) in zip(forecast[0], values) { #expect(abs(row[0] - (value * 0.5 - 5)) < 1e-5) }
  }

  @Test func forecastsDontDependOnOtherWindows() throws {
    let predictor = try Self.model().compiled(seed: 1).seriesPredictor()
    let windows = (0..<2000).map { Self.window($0, 4 + $0 % 3) }
    let together = try predictor.predict(windows)
    #expect(together.count == 2000)
    for index in [0, 1, 1023, 1024, 1999] {
      #expect(try predictor.predict([windows[index]])[0] == together[index])
      #expect(try predictor.predict([Array(windows[index].suffix(4))])[0] == together[index])
    }
    #expect(try predictor.predict([]).isEmpty)
  }

  @Test func theTaskComesBackFromAnArtifact() throws {
    let model = try Self.model().compiled(seed: 1)
    let again = try CompiledModel(model.artifact)
    #expect(try again.task() == model.task() && again.task().labels == ["b"])
    let forecast = try again.seriesPredictor().predict([Self.window(3)])
    #expect(try forecast == model.seriesPredictor().predict([Self.window(3)]))
  }

  @Test func windowsThatDontFitAreErrors() throws {
    let predictor = try Self.model().compiled().seriesPredictor()
    let refusal = { (window: [[Float]]) in
      try #require(throws: PredictionError.self) { try predictor.predict([window]) }.message
    }
    #expect(try refusal(Self.window(0, 3)) == "window 1: 3 of at least 4 rows")
    #expect(
      try refusal(Self.window(0) + [[1]]) == "window 1: row 5 is 1 long, expected 2: a, b")
    #expect(throws: PredictionError.self) { try LanguageOfWord().compiled().seriesPredictor() }
    #expect(throws: PredictionError.self) { try Self.model().compiled().predictor() }
    let unknown = try Forecaster.configured(["targets": #"["z"]"#]).compiled()
    #expect(throws: PredictionError.self) { try unknown.seriesPredictor() }
  }

  @Test func learnsASeries() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    let rows = (0..<200).map { "2026,\(sin(Double($0) / 3) * 20 + 50)\n" }.joined()
    try ("year,level\n" + rows).write(to: file, atomically: true, encoding: .utf8)
    let data = try ForecastData(
      SeriesReader(paths: [file.path]),
      windows: .init(inputLength: 12, horizon: 3, targets: ["level"]))
    let scaling = String(decoding: try JSONEncoder().encode(data.scaling), as: UTF8.self)
    let model = try Forecaster.configured([
      "scaling": scaling, "targets": #"["level"]"#, "inputLength": "12", "horizon": "3",
      "hidden": "16",
    ])
    let step = try TrainingStep(model, .squaredError, .adamW(), seed: 2, threads: 1)
    let batches = BucketedBatches(data, rows: 32, seed: 1)
    for epoch in 0..<60 {
      let epoch = batches.epoch(epoch)
      for number in 0..<epoch.batchCount {
        _ = try step.run(try epoch.batch(number).tensors, learningRate: 0.01)
      }
    }
    let window = (300..<312).map { [2026, Float(sin(Double($0) / 3)) * 20 + 50] }
    let forecast = try step.compiled().seriesPredictor().predict([window])[0]
    for (index, row) in forecast.enumerated() {
      #expect(abs(Double(row[0]) - (sin(Double(312 + index) / 3) * 20 + 50)) < 3)
    }
  }
}
