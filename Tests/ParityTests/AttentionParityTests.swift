import SequentIR
import Testing

@testable import Sequent

/// Attention: the loss depends on contexts and on weights, with and without lengths, for several
/// queries and for one.
@Suite struct AttentionParityTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("attention") }

  private func check(
    _ name: String, _ layers: KeyValuePairs<String, any Sendable>, width: Int, isOne: Bool,
    _ attend: @escaping @Sendable (Tensor, Tensor, Tensor?) -> (context: Tensor, weights: Tensor)
  ) throws {
    for isRagged in [false, true] {
      let model = FixtureModel(layers) { inputs in
        let axes: [Dimension] = isOne ? ["batch"] : ["batch", "queries"]
        let queries = inputs.tensor("queries", .float32, axes + [Dimension(constant: width)])
        let memory = inputs.tensor("memory", .float32, ["batch", "keys", 6])
        let (context, weights) = attend(queries, memory, isRagged ? inputs.lengths() : nil)
        let coefficients = inputs.tensor("coefficients", .float32, context.shape)
        let more = inputs.tensor("more_coefficients", .float32, weights.shape)
        return ["loss": (context * coefficients).total + (weights * more).total]
      }
      try checkGradients(
        fixture, "\(name)\(isOne ? "-one" : "")-\(isRagged ? "ragged" : "all")", model)
    }
  }

  private func check(
    _ name: String, _ score: some AttentionScore,
    _ layers: KeyValuePairs<String, any Sendable> = [:], width: Int
  ) throws {
    let attention = Attention(score)
    for isOne in [false, true] {
      try check(name, layers, width: width, isOne: isOne) { queries, memory, lengths in
        let output = attention(queries, attention.memory(memory, lengths: lengths))
        return (output.context, output.weights)
      }
    }
  }

  @Test func `dot products`() throws {
    try check("dot", .dot, width: 6)
    try check("scaled-dot", .scaledDot, width: 6)
  }

  @Test func `general (Luong)`() throws {
    let score = GeneralScore(query: 4, memory: 6)
    try check("general", score, ["memory": score.memory], width: 4)
  }

  @Test func `additive (Bahdanau)`() throws {
    let score = AdditiveScore(query: 4, memory: 6, units: 7)
    try check(
      "additive", score, ["query": score.query, "memory": score.memory, "vector": score.vector],
      width: 4)
  }

  @Test func `additive without projections (Keras)`() throws {
    let score = PlainAdditiveScore(6)
    let scale = try #require(score.scale)
    try check("plain-additive", score, ["scale": scale], width: 6)
  }

  @Test func `windows around given and predicted places`() throws {
    let attention = Attention(.dot)
    try check("local-m", [:], width: 6, isOne: false) { queries, memory, lengths in
      let shape = Array(queries.shape.prefix(2))
      let steps = queries.trace.emit(.iota(Iota(shape: shape, axis: 1)), [], at: nil)[0]
      let output = attention(
        queries, attention.memory(memory, lengths: lengths),
        window: AttentionWindow(around: steps, halfWidth: 1))
      return (output.context, output.weights)
    }
    let window = PredictiveWindow(query: 6, units: 7, halfWidth: 2)
    for isOne in [false, true] {
      try check(
        "local-p", ["hidden": window.hidden, "vector": window.vector], width: 6, isOne: isOne
      ) { queries, memory, lengths in
        let memory = attention.memory(memory, lengths: lengths)
        let output = attention(queries, memory, window: window(queries, memory))
        return (output.context, output.weights)
      }
    }
  }

  @Test func `the likeliest value, and its log-probability`() throws {
    let score = AdditiveScore(query: 4, memory: 6, units: 7)
    let attention = HardAttention(score)
    for isOne in [false, true] {
      try check(
        "hard", ["query": score.query, "memory": score.memory, "vector": score.vector], width: 4,
        isOne: isOne
      ) { queries, memory, lengths in
        let choice = attention(queries, attention.memory(memory, lengths: lengths))
        return (choice.context, choice.logProbability)
      }
    }
  }
}
