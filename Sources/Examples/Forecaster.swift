import Sequent
import SequentIR

/// Forecasts numeric series: an LSTM over the rows so far, its final state into a linear layer that
/// gives all rows of the horizon at once.
public struct Forecaster: Model {
  /// The sizes, and the columns.
  public struct Configuration: ModelConfiguration {
    /// The columns with their means and deviations; those of the training data take their place.
    public var scaling = SeriesScaling(columns: ["value"], means: [0], deviations: [1])
    /// The names of the columns to forecast; none for all.
    public var targets: [String] = []
    /// How many rows the model sees.
    public var inputLength = 96
    /// How many rows after them it forecasts.
    public var horizon = 24
    /// The units of the LSTM.
    public var hidden = 128

    /// A day of hours after four.
    public init() {}
  }

  let configuration: Configuration
  let encoder: LSTM
  let head: Linear

  /// Creates the model of a configuration.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    encoder = LSTM(configuration.scaling.columns.count, configuration.hidden)
    head = Linear(configuration.hidden, configuration.horizon * configuration.targetCount)
  }

  /// Values `[batch, time, columns]` to a forecast `[batch, horizon, targets]`.
  public func main(_ inputs: Inputs) -> Outputs {
    let columns = Dimension(constant: configuration.scaling.columns.count)
    let values = inputs.tensor("values", .float32, ["batch", "time", columns])
    let all = head(encoder(values).final)
    let shape = [
      "batch", Dimension(constant: configuration.horizon),
      Dimension(constant: configuration.targetCount),
    ]
    return ["forecast": all.reshaped(to: shape)]
  }

  /// The columns of the series that it learns from.
  public static let preparation: DataPreparation? = .series

  /// Ten passes over all windows.
  public var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 10, batch: 64, optimizer: .adam().clipping(norm: 1),
      schedule: Schedule(.cosine, peak: 2e-3, warmUp: 50))
  }

  /// The rows of the horizon.
  public var task: ModelTask? {
    .forecast(
      ForecastData.Windows(
        inputLength: configuration.inputLength, horizon: configuration.horizon,
        targets: configuration.targets),
      scaling: configuration.scaling)
  }
}

extension Forecaster.Configuration {
  fileprivate var targetCount: Int { targets.isEmpty ? scaling.columns.count : targets.count }
}
