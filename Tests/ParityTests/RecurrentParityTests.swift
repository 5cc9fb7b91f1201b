import SequentIR
import Testing

@testable import Sequent

/// Backpropagation through time, with gradients of outputs, final states and initial states.
@Suite struct RecurrentParityTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("recurrent") }

  /// A layer whose outputs and final states the loss weighs by coefficients.
  private static func model<Cell>(_ layer: RecurrentLayer<Cell>, isRagged: Bool) -> FixtureModel {
    FixtureModel(["encoder": layer]) { inputs in
      let cell = layer.cells[0][0]
      let hidden = Dimension(constant: cell.stateSizes[0])
      let width = Dimension(constant: cell.stateSizes[0] * layer.cells[0].count)
      let x = inputs.tensor("x", .float32, ["batch", "time", Dimension(constant: cell.inputSize)])
      let states = { (name: String) in
        layer.cells.enumerated().map { index, directions in
          zip(["forward", "backward"], directions).map { direction, cell in
            cell.stateSizes.indices.map { part in
              inputs.tensor(
                "\(name).layer\(index).\(direction).\(part)", .float32, ["batch", hidden])
            }
          }
        }
      }
      let result = layer(
        x, lengths: isRagged ? inputs.lengths() : nil, initialState: states("initial"))
      let weights = inputs.tensor("coefficients", .float32, ["batch", "time", width])
      let finals = zip(
        result.state.flatMap { $0.flatMap { $0 } },
        states("coefficients").flatMap { $0.flatMap { $0 } })
      return ["loss": finals.reduce((result.output * weights).total) { $0 + ($1.0 * $1.1).total }]
    }
  }

  private func check<Cell>(
    _ cell: String,
    _ layer: (
      _ input: Int, _ hidden: Int, _ layers: Int, _ isBidirectional: Bool, _ bias: Bool
    ) -> RecurrentLayer<Cell>
  ) throws {
    let cases: [(name: String, layer: RecurrentLayer<Cell>, isRagged: Bool)] = [
      ("single", layer(3, 6, 1, false, true), false),
      ("ragged", layer(3, 6, 1, false, true), true),
      ("stacked", layer(3, 6, 3, false, true), false),
      ("bidirectional", layer(3, 6, 1, true, true), false),
      ("deep-ragged", layer(3, 6, 2, true, true), true),
      ("wide", layer(5, 20, 1, false, true), true),
      ("no-bias", layer(3, 6, 1, false, false), false),
    ]
    for (name, layer, isRagged) in cases {
      try checkGradients(fixture, "\(cell)-\(name)", Self.model(layer, isRagged: isRagged))
    }
  }

  @Test func rnn() throws {
    try check("rnn") { RNN($0, $1, layers: $2, bidirectional: $3, bias: $4) }
    try check("rnn-relu") { RNN($0, $1, .relu, layers: $2, bidirectional: $3, bias: $4) }
  }

  @Test func lstm() throws {
    try check("lstm") { LSTM($0, $1, layers: $2, bidirectional: $3, bias: $4) }
  }

  @Test func gru() throws {
    try check("gru") { GRU($0, $1, layers: $2, bidirectional: $3, bias: $4) }
  }

  @Test func `one weight as embedding and output layer`() throws {
    let (embedding, encoder) = (Embedding(9, 6), LSTM(6, 6))
    let model = FixtureModel(["embedding": embedding, "encoder": encoder]) { inputs in
      let tokens = inputs.tokens()
      let table = tokens.trace.tensor(embedding.weight)
      let logits = matmul(encoder(embedding(tokens)), table.transposed([1, 0]))
      return ["loss": crossEntropy(logits, inputs.tensor("labels", .int32, ["batch", "time"]))]
    }
    try checkGradients(fixture, "tied", model)
  }

  @Test(arguments: Compilation.allCases)
  func `windows with a carried state`(_ compilation: Compilation) throws {
    let encoder = LSTM(3, 6, layers: 2)
    let model = FixtureModel(["encoder": encoder]) { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 3])
      let state = inputs.state("memory", of: encoder)
      let result = encoder(x, initialState: state)
      inputs.update(state, to: result.state)
      let weights = inputs.tensor("coefficients", .float32, ["batch", "time", 6])
      return ["loss": (result.output * weights).total]
    }
    let parity = try GradientParity(fixture, "truncated-0", model, compilation)
    for window in 0..<3 {
      try parity.check("truncated-\(window)", "window \(window) \(compilation)")
    }
  }
}
