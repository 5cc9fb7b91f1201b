import Foundation
import Testing

@testable import Sequent

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct TelemetryLogTests {
  /// A record of an LSTM whose gradient halves with every step back.
  private func record(_ step: Int, time: Int = 70, loss: Float = 1.5) -> TelemetryRecord {
    let norms = { (factor: Float) in
      (0..<time).map { Foundation.pow(factor, Float(time - $0)) * (1 + Float(step) / 100) }
    }
    let share = (0..<time).map { Float($0) / Float(time) }
    let gate = { (name: String, scale: Float) in
      TelemetryRecord.Gate(
        name: name, leftSaturated: share.map { $0 * scale / 2 },
        rightSaturated: share.map { (1 - $0) * scale })
    }
    return TelemetryRecord(
      step: step, loss: loss,
      layers: [
        .init(
          name: "encoder.layer0.forward",
          states: [
            .init(name: "h", gradientNorms: norms(0.7)),
            .init(name: "c", gradientNorms: norms(0.9)),
          ], gates: [gate("forget", 0.9), gate("input", 0.5), gate("output", 0.2)]),
        .init(
          name: "decoder.layer0.forward", states: [.init(name: "h", gradientNorms: norms(0.5))],
          gates: []),
      ], parameterGradientNorms: ["head.weight": 0.25, "encoder.input_weight": 1e-12])
  }

  @Test func recordsAreLinesOfJSON() throws {
    let text = try record(3, time: 2).json()
    #expect(!text.contains("\n") && text.contains("\"gradient_norms\":[0.504"))
    #expect(text.contains("\"parameter_gradient_norms\":{\"encoder.input_weight\":1e-12"))
    #expect(try TelemetryRecord(json: text) == record(3, time: 2))
    let broken = try record(3, time: 1, loss: .nan).json()
    #expect(broken.contains("\"loss\":\"nan\""))
    #expect(try TelemetryRecord(json: broken).json() == broken)
  }

  @Test func aResumedLogKeepsWhatWasBefore() throws {
    let files = try TemporaryFiles()
    var log = try TelemetryLog(folder: files.path(""))
    for step in [0, 100, 200] { try log.append(record(step, time: 4)) }
    var resumed = try TelemetryLog(folder: files.path(""), resumingAt: 200)
    try resumed.append(record(300, time: 4))
    let path = files.path("telemetry.jsonl")
    #expect(try TelemetryLog.records(in: path).map(\.step) == [0, 100, 300])
    #expect(try TelemetryLog.records(in: path) == resumed.records)
    var new = try TelemetryLog(folder: files.path(""))
    try new.append(record(5, time: 4))
    #expect(try TelemetryLog.records(in: path).map(\.step) == [5])
    try "{\"step\": 1}\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(
      files.message { _ = try TelemetryLog.records(in: path) }.contains("telemetry.jsonl: line 1: ")
    )
  }

  @Test func everyStateAndGatedLayerHasItsPicture() throws {
    let pictures = TelemetryPlots((0..<12).map { record($0 * 50, time: 60 + $0) }).pictures
    #expect(
      pictures.map(\.name) == [
        "gradients", "gradients.encoder.layer0.forward.h", "gradients.encoder.layer0.forward.c",
        "gates.encoder.layer0.forward", "gradients.decoder.layer0.forward.h",
      ])
    for (name, svg) in pictures {
      #expect(XMLParser(data: Data(svg.utf8)).parse(), "\(name)")
      if let folder = ProcessInfo.processInfo.environment["SEQUENT_PLOTS"] {
        try svg.write(toFile: "\(folder)/\(name).svg", atomically: true, encoding: .utf8)
      }
    }
    let curves = { (svg: String) in svg.components(separatedBy: "stroke-width=\"1.8\"").count - 1 }
    #expect(curves(pictures[0].svg) == 3 && curves(pictures[3].svg) == 6)
    // A cell for every record and time step; those that a shorter batch lacks are grey.
    let map = pictures[1].svg
    #expect(map.components(separatedBy: "<rect ").count - 1 == 12 * 71 + 20 + 1)
    #expect(map.components(separatedBy: "#bbbbbb").count - 1 == (1...11).reduce(0, +))
    for label in ["0", "70", "550"] { #expect(map.contains(">\(label)</text>")) }
    #expect(TelemetryPlots([]).pictures.isEmpty)
  }
}
