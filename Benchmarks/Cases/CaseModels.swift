import Sequent
import SequentIR

/// The sizes of a product x · W.
struct GemmConfiguration: ModelConfiguration {
  var k = 256
  var n = 256
}

/// y `[rows, n]` = x `[rows, k]` · W.
struct GemmModel: Model {
  let product: Linear
  let width: Int

  init(_ configuration: GemmConfiguration) {
    product = Linear(configuration.k, configuration.n, bias: false)
    width = configuration.k
  }

  func main(_ inputs: Inputs) -> Outputs {
    ["y": product(inputs.tensor("x", .float32, ["rows", Dimension(constant: width)]))]
  }
}

/// The sizes of a recurrent network.
public struct RecurrentConfiguration: ModelConfiguration {
  /// The cells with kernels of their own.
  public enum Cell: String, Codable, Sendable {
    case rnn, lstm, gru

    /// How many gates have weights.
    var gates: Int {
      switch self {
      case .rnn: 1
      case .gru: 3
      case .lstm: 4
      }
    }
  }

  /// The cell.
  public var cell = Cell.lstm
  /// The width of the sequence.
  public var input = 256
  /// The units of a layer in each direction.
  public var hidden = 256
  /// The layers.
  public var layers = 1
  /// Whether every layer also runs from the end.
  public var isBidirectional = false
  /// Whether rows have lengths.
  public var isRagged = false
  /// Whether the outputs' sum is wanted instead of the outputs.
  public var isSummed = false

  /// One LSTM layer.
  public init() {}
}

/// y `[batch, time, directions · hidden]`: the last layer's output at every step; or its sum.
struct RecurrentModel<Cell: SizedCell>: Model {
  let network: RecurrentLayer<Cell>
  let configuration: RecurrentConfiguration

  init(_ configuration: RecurrentConfiguration) {
    self.configuration = configuration
    network = RecurrentLayer(
      inputSize: configuration.input, layers: configuration.layers,
      bidirectional: configuration.isBidirectional
    ) { Cell(input: $0, hidden: configuration.hidden) }
  }

  func main(_ inputs: Inputs) -> Outputs {
    let x = inputs.tensor(
      "x", .float32, ["batch", "time", Dimension(constant: configuration.input)])
    let lengths = configuration.isRagged ? inputs.lengths() : nil
    let y = network(x, lengths: lengths).output
    return configuration.isSummed ? ["loss": y.sum(over: 2).sum(over: 1).sum(over: 0)] : ["y": y]
  }
}

/// The sizes of an attention.
public struct AttentionConfiguration: ModelConfiguration {
  /// The heads.
  public var heads = 12
  /// The width of a head.
  public var width = 64
  /// Whether the future is hidden.
  public var isCausal = false
  /// Whether the outputs' sum is wanted instead of the outputs.
  public var isSummed = false

  /// BERT's heads.
  public init() {}
}

/// y `[batch, heads, queries, width]`: what queries gather; or its sum.
struct AttentionModel: Model {
  let configuration: AttentionConfiguration

  init(_ configuration: AttentionConfiguration) { self.configuration = configuration }

  func main(_ inputs: Inputs) -> Outputs {
    let tensor = { (name: String, time: Dimension) in
      inputs.tensor(
        name, .float32,
        [
          "batch", Dimension(constant: configuration.heads), time,
          Dimension(constant: configuration.width),
        ])
    }
    let (q, k, v) = (tensor("q", "queries"), tensor("k", "keys"), tensor("v", "keys"))
    let y = attention(q, k, v, mask: configuration.isCausal ? causalMask(q, k) : nil)
    return configuration.isSummed
      ? ["loss": y.sum(over: 3).sum(over: 2).sum(over: 1).sum(over: 0)] : ["y": y]
  }
}

/// The sizes of a Transformer's encoder.
public struct EncoderConfiguration: ModelConfiguration {
  /// The width of a token's vector.
  public var width = 768
  /// The layers.
  public var layers = 12
  /// The heads of attention.
  public var heads = 12
  /// The hidden width of the feed-forward networks.
  public var feedForward = 3072
  /// Whether the outputs' sum is wanted instead of the outputs.
  public var isSummed = false

  /// BERT-base.
  public init() {}

  /// How many numbers the matrices have.
  var weights: Double { Double(layers) * Double(width) * Double(4 * width + 2 * feedForward) }
}

/// y `[batch, time, width]`: what BERT's layers make of vectors; or its sum.
struct EncoderModel: Model {
  let encoder: TransformerEncoder
  let configuration: EncoderConfiguration

  init(_ configuration: EncoderConfiguration) {
    self.configuration = configuration
    var shape = TransformerShape(
      width: configuration.width, heads: configuration.heads,
      feedForward: configuration.feedForward)
    shape.activation = .gelu
    encoder = TransformerEncoder(shape, layers: configuration.layers)
  }

  func main(_ inputs: Inputs) -> Outputs {
    let width = Dimension(constant: configuration.width)
    let y = encoder(inputs.tensor("x", .float32, ["batch", "time", width]))
    return configuration.isSummed ? ["loss": y.sum(over: 2).sum(over: 1).sum(over: 0)] : ["y": y]
  }
}

/// A cell that its two widths determine.
protocol SizedCell: RecurrentCell {
  init(input: Int, hidden: Int)
}

extension RNNCell: SizedCell {
  init(input: Int, hidden: Int) { self.init(input, hidden, .tanh) }
}

extension LSTMCell: SizedCell {
  init(input: Int, hidden: Int) { self.init(input, hidden, bias: true) }
}

extension GRUCell: SizedCell {
  init(input: Int, hidden: Int) { self.init(input, hidden, resetGate: .afterProduct) }
}

extension BenchmarkCase {
  /// The model that computes the case.
  func traced() throws -> TracedModel {
    var traced: TracedModel
    switch kind {
    case .gemm(_, let n, let k):
      traced = try GemmModel(GemmConfiguration(k: k, n: n)).traced()
    case .attention(let attention, _, _, _):
      traced = try AttentionModel(attention).traced()
    case .encoder(let encoder, _, _):
      traced = try EncoderModel(encoder).traced()
    case .decoder(let decoder):
      traced = try GPT(decoder.model).traced()
    case .recurrent(let network, _, _):
      switch network.cell {
      case .rnn: traced = try RecurrentModel<RNNCell>(network).traced()
      case .lstm: traced = try RecurrentModel<LSTMCell>(network).traced()
      case .gru: traced = try RecurrentModel<GRUCell>(network).traced()
      }
    }
    traced.module.name = "case"
    return traced
  }
}
