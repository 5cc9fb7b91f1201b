import SequentIR
import Testing

@testable import Sequent

/// Recurrent decoders in every guidance, with the gradients of weights, states and what was read.
@Suite struct DecoderParityTests {
  private static let cases: [(name: String, layers: Int, guidance: DecoderGuidance)] =
    DecoderGuidance.allCases.map { ("lstm-\($0.rawValue)", 1, $0) } + [
      ("gru-bahdanau-2", 2, .bahdanau), ("rnn-luongInputFeeding-2", 2, .luongInputFeeding),
    ]

  private static func model<Cell: RecurrentCell>(
    _ layers: Int, _ guidance: DecoderGuidance, makeCell: (Int) -> Cell
  ) -> FixtureModel {
    let decoder = RecurrentDecoder(
      input: 3, memory: 4, layers: layers, guidance: guidance,
      attention: Attention(.additive(query: 5, memory: 4, units: 6)), makeCell: makeCell)
    return FixtureModel(["decoder": decoder]) { inputs in
      let xs = inputs.tensor("xs", .float32, ["batch", "time", 3])
      var memory = DecoderMemory()
      if guidance == .fixedContext {
        memory.context = inputs.tensor("final", .float32, ["batch", 4])
      } else if let attention = decoder.attention {
        memory.attention = attention.memory(
          inputs.tensor("encoded", .float32, ["batch", "keys", 4]), lengths: inputs.lengths())
      }
      let states = decoder.stateSizes.cells.enumerated().map { layer, sizes in
        sizes.enumerated().map {
          inputs.tensor("state.\(layer).\($0)", .float32, ["batch", Dimension(constant: $1)])
        }
      }
      let said = decoder(
        xs, from: decoder.initialState(states), memory, lengths: inputs.lengths("target_lengths"))
      let coefficients = inputs.tensor("coefficients", .float32, said.output.shape)
      let finals = said.state.cells.flatMap { $0 }
      return ["loss": finals.reduce((said.output * coefficients).total) { $0 + $1.total }]
    }
  }

  @Test(arguments: cases.indices) func `each guidance`(_ index: Int) throws {
    let (name, layers, guidance) = Self.cases[index]
    let fixture = try Fixture("decoders")
    switch name.prefix(3) {
    case "gru": try check(fixture, name, Self.model(layers, guidance) { GRUCell($0, 5) })
    case "rnn": try check(fixture, name, Self.model(layers, guidance) { RNNCell($0, 5) })
    default: try check(fixture, name, Self.model(layers, guidance) { LSTMCell($0, 5) })
    }
  }

  private func check(_ fixture: Fixture, _ name: String, _ model: FixtureModel) throws {
    try checkGradients(fixture, name, model, convention: .sequent)
  }
}
