import Foundation
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

// What stands between the marks is what the article shows; a test holds them together.
// ARTICLE begins
/// Says which of four symbols a sequence began with; the symbols behind it are noise.
struct FirstSymbol: Model {
  struct Configuration: ModelConfiguration {
    var isGated = false
  }

  let embedding = Embedding(12, 16)
  let rnn: RNN?
  let lstm: LSTM?
  let head = Linear(32, 4)

  init(_ configuration: Configuration) {
    rnn = configuration.isGated ? nil : RNN(16, 32)
    lstm = configuration.isGated ? LSTM(16, 32) : nil
  }

  func main(_ inputs: Inputs) -> Outputs {
    let (symbols, lengths) = (embedding(inputs.tokens()), inputs.lengths())
    let layer = rnn?(symbols, lengths: lengths) ?? lstm?(symbols, lengths: lengths)
    return layer.map { ["logits": head($0.final)] } ?? [:]
  }
}
// ARTICLE ends

/// Trains an RNN and an LSTM on `FirstSymbol`, and holds the article against what was measured.
///
/// With UPDATE_GOLDEN=1 it also draws the article's pictures.
@Suite struct VanishingGradientTests {
  private static let (rows, time) = (32, 60)
  private static let documentation =
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources/Sequent/Sequent.docc")

  /// Rows of one of four symbols and then noise of eight others, of any length from the shortest.
  private static func batch(_ number: Int, shortest: Int = 10) throws -> [String: TensorData] {
    var generator = CounterGenerator(seed: UInt64(number), stream: "first symbol")
    let labels = (0..<rows).map { _ in Int32.random(in: 0..<4, using: &generator) }
    let tokens = labels.flatMap { first in
      [first] + (1..<time).map { _ in Int32.random(in: 4..<12, using: &generator) }
    }
    let lengths = labels.map { _ in Int32(Int.random(in: shortest...time, using: &generator)) }
    return [
      "tokens": try .int32(tokens, shape: [rows, time]),
      "lengths": try .int32(lengths, shape: [rows]),
      "labels": try .int32(labels, shape: [rows]),
    ]
  }

  /// PyTorch's first values, but forget gates that begin open: a bias of 1.
  private static func firstWeights(of model: FirstSymbol) throws -> TensorCollection {
    var weights: [String: TensorData] = [:]
    for parameter in try model.traced().module.parameters {
      let values = try parameter.initialValues(seed: 2)
      weights[parameter.name] =
        parameter.name.hasSuffix("forget.bias")
        ? try .float32(Array(repeating: 1, count: values.count), shape: values.shape) : values
    }
    return TensorCollection(weights)
  }

  /// What is measured on rows of full length, of the untrained and of the trained model.
  private static func measure(
    isGated: Bool
  ) throws -> (before: TelemetryRecord, after: TelemetryRecord) {
    var configuration = FirstSymbol.Configuration()
    configuration.isGated = isGated
    let model = FirstSymbol(configuration)
    let longRows = try batch(0, shortest: time)
    // ARTICLE begins
    let step = try TrainingStep(
      model, .labels(), .adam().clipping(norm: 1), weights: firstWeights(of: model), threads: 1)
    let probe = try TelemetryProbe(model, .labels(), threads: 1)
    let before = try probe.measure(longRows, at: step.snapshot())
    for number in 1...1500 { _ = try step.run(batch(number), learningRate: 0.005) }
    let after = try probe.measure(longRows, at: step.snapshot())
    // ARTICLE ends
    return (before, after)
  }

  @Test func anLSTMKeepsWhatAnRNNLoses() throws {
    let (rnn, lstm) = (try Self.measure(isGated: false), try Self.measure(isGated: true))
    let norms = { (record: TelemetryRecord) in record.layers[0].states.map(\.gradientNorms) }
    // What is left at the first step of the gradient at the last one.
    let share = { (norms: [Float]) in (norms.first ?? 0) / (norms.last ?? 0) }
    #expect(norms(rnn.before).count == 1 && norms(lstm.before).count == 2)
    for state in norms(rnn.before) + norms(lstm.before) + norms(rnn.after) + norms(lstm.after) {
      #expect(state.count == Self.time)
    }
    #expect(share(norms(rnn.before)[0]) < 1e-15)
    #expect((1e-8...1e-3).contains(share(norms(lstm.before)[0])))
    #expect((1e-8...1e-2).contains(share(norms(lstm.before)[1])))
    // Four symbols at a guess: log 4 = 1.386.
    #expect(rnn.after.loss > 1.2 && lstm.after.loss < 0.9)
    #expect(share(norms(lstm.after)[1]) > 1e-8)
    // Gates begin half open; training closes some and opens others for good.
    let open = { (record: TelemetryRecord) in record.layers[0].gates[0].rightSaturated[30] }
    #expect(lstm.before.layers[0].gates.map(\.name) == ["forget", "input", "output"])
    #expect(open(lstm.before) < 0.05 && open(lstm.after) > 0.2)
    #expect(rnn.before.layers[0].gates.isEmpty)
    try draw("before", "before training", rnn.before, lstm.before)
    try draw("after", "after 1500 steps of training", rnn.after, lstm.after)
  }

  private func draw(
    _ name: String, _ time: String, _ rnn: TelemetryRecord, _ lstm: TelemetryRecord
  ) throws {
    guard ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" else { return }
    let curves = [("RNN, h", rnn, 0, 0), ("LSTM, h", lstm, 0, 1), ("LSTM, c", lstm, 1, 1)]
    let series = curves.map { name, record, state, colour in
      LinePlot.Series(
        name,
        points: record.layers[0].states[state].gradientNorms.enumerated().map {
          (Double($0), Double($1))
        }, colour: colour, isDashed: state == 1)
    }
    let plot = LinePlot(
      title: "Gradient of the loss with respect to the state, \(time)",
      xLabel: "time step", yLabel: "root mean square over units", series: series,
      hasLogarithmicY: true)
    try plot.write(to: Self.documentation.appending(path: "vanishing-gradients-\(name).svg").path)
    if lstm.step > 0 {
      try TelemetryPlots.gates(lstm.layers[0], step: lstm.step)
        .write(to: Self.documentation.appending(path: "vanishing-gradients-gates.svg").path)
    }
  }

  @Test func articleShowsThisCode() throws {
    let article = try String(
      contentsOf: Self.documentation.appending(path: "VanishingGradients.md"), encoding: .utf8)
    var isShown = false
    for line in try String(contentsOfFile: #filePath, encoding: .utf8).components(separatedBy: "\n")
    {
      let code = line.trimmingCharacters(in: .whitespaces)
      if code == "// ARTICLE begins" || code == "// ARTICLE ends" {
        isShown = code == "// ARTICLE begins"
      } else if isShown, !code.isEmpty {
        #expect(article.contains(code), "the article lacks: \(code)")
      }
    }
  }
}
