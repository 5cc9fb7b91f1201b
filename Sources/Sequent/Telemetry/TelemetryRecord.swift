/// What was measured of a model at one moment of its training.
///
/// Numbers by time step go as far as the longest row of the batch.
public struct TelemetryRecord: Codable, Hashable, Sendable {
  /// One tensor of a recurrent layer's state.
  public struct State: Codable, Hashable, Sendable {
    /// Its name: `h`, and `c` for an LSTM.
    public let name: String
    /// By time step t, the root mean square of ∂loss/∂state_t over the units, averaged over the rows
    /// that are not past their end.
    public let gradientNorms: [Float]
  }

  /// One gate of a recurrent layer.
  public struct Gate: Codable, Hashable, Sendable {
    /// Its name: `forget`, `update`.
    public let name: String
    /// By time step, the share of units whose activation is less than 0.1.
    public let leftSaturated: [Float]
    /// By time step, the share of units whose activation is more than 0.9.
    public let rightSaturated: [Float]
  }

  /// One recurrent layer in one direction.
  public struct Layer: Codable, Hashable, Sendable {
    /// Its path: `encoder.layer0.forward`.
    public let name: String
    /// Its state, what it gives to others first.
    public let states: [State]
    /// Its gates that have a sigmoid; none for a plain recurrent layer.
    public let gates: [Gate]
  }

  /// How many training steps had been made.
  public let step: Int
  /// The loss of the batch.
  public let loss: Float
  /// The recurrent layers.
  public let layers: [Layer]
  /// The norm of every parameter's gradient, by the parameter's name.
  public let parameterGradientNorms: [String: Float]
}
