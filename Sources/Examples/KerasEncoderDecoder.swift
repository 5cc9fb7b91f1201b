import Sequent
import SequentIR

/// The encoder-decoder of Keras's documentation: vectors in, distributions over classes out.
///
/// An LSTM reads `[batch, time, inputs]` of any length. Another, which starts from its state, reads
/// what has been said so far; it attends to the outputs of the first, and of what it gathers there the
/// next class is told.
public struct KerasEncoderDecoder: Model {
  /// The sizes.
  public struct Configuration: ModelConfiguration {
    /// The width of what is read.
    public var inputs = 8
    /// The number of classes that are said.
    public var classes = 16
    /// The units of both LSTMs and of the layer behind the attention.
    public var units = 32

    /// Keras's own.
    public init() {}
  }

  let configuration: Configuration
  let encoder: LSTM
  let decoder: LSTM
  let attention: Attention<PlainAdditiveScore>
  let hidden: Linear
  let head: Linear

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let units = configuration.units
    encoder = LSTM(configuration.inputs, units, initialization: .keras)
    decoder = LSTM(configuration.classes, units, initialization: .keras)
    attention = Attention(.plainAdditive(units))
    hidden = Linear(units, units)
    head = Linear(units, configuration.classes)
  }

  /// `source` and the classes so far, `target`, to the `probabilities` of those that follow.
  public func main(_ inputs: Inputs) -> Outputs {
    let source = inputs.tensor(
      "source", .float32, ["batch", "time", Dimension(constant: configuration.inputs)])
    let target = inputs.tensor("target", .float32, classes)
    let read = encoder(source)
    let said = decoder(target, initialState: read.state)
    let context = attention(said.output, attention.memory(read.output)).context
    return ["probabilities": softmax(head(tanh(hidden(context))))]
  }

  /// Categorical cross-entropy with the distributions `next`.
  public var objective: Objective? {
    Objective { [classes] inputs, outputs in
      categoricalCrossEntropy(
        probabilities: outputs["probabilities"], inputs.tensor("next", .float32, classes))
    }
  }

  /// Two passes of Keras's Adam.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 2, batch: 8, optimizer: .adam(epsilon: 1e-7),
      schedule: Schedule(.constant, peak: 1e-3))
  }

  private var classes: [Dimension] {
    ["batch", "target_time", Dimension(constant: configuration.classes)]
  }
}
