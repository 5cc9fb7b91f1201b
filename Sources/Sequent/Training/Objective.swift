import SequentIR

/// What training makes small, as a number of rank 0 made from a model's inputs and outputs.
///
///     let objective = Objective { inputs, outputs in
///       meanSquaredError(outputs["y"], inputs.tensor("target", .float32, ["batch", 1]))
///     }
public struct Objective: Sendable {
  let loss: @Sendable (Inputs, Outputs) -> Tensor

  /// Creates an objective; what it declares as inputs comes with every batch.
  public init(_ loss: @escaping @Sendable (_ inputs: Inputs, _ outputs: Outputs) -> Tensor) {
    self.loss = loss
  }

  /// The cross-entropy of the output `logits` with an input `labels`, which has a number for every
  /// place of the logits; `Batch.ignoredLabel` where there is none.
  public static func labels(smoothing: Double = 0) -> Objective {
    Objective { inputs, outputs in
      let logits = outputs["logits"]
      let labels = inputs.tensor("labels", .int32, Array(logits.shape.dropLast()))
      return crossEntropy(
        logits, labels, ignoring: Int(Batch.ignoredLabel), smoothing: smoothing)
    }
  }

  /// The mean squared difference of the output `forecast` and an input `targets` of its shape.
  public static let squaredError = Objective { inputs, outputs in
    let forecast = outputs["forecast"]
    return meanSquaredError(forecast, inputs.tensor("targets", .float32, forecast.shape))
  }
}
