import SequentIR

/// A term for an objective that teaches what was chosen at random (REINFORCE, Williams, 1992).
///
/// Its value is zero, its gradient that of the mean of (loss - baseline) · log p, the first factor held
/// constant: added to the mean of `losses`, it makes the whole gradient an estimate, without bias, of
/// that of the losses' expectation over choices.
///
///     Objective { inputs, outputs in
///       let losses = …                                               // [batch]
///       return losses.mean(over: 0) + scoreFunction(losses, outputs["log_probability"])
///     }
///
/// - Parameters:
///   - losses: what the choices led to, `[batch]`.
///   - logProbabilities: of the choices, `[batch]`, or `[batch, …]` for several a row.
///   - baseline: what of a loss the choices are not to blame for, `[batch]`. By default the mean of
///     the other rows' losses; a batch of one row has none, and teaches nothing.
public func scoreFunction(
  _ losses: Tensor, _ logProbabilities: Tensor, baseline: Tensor? = nil, file: String = #fileID,
  line: Int = #line
) -> Tensor {
  losses.trace.context.scope("", SourceLocation(file: file, line: line)) {
    guard losses.value != nil, logProbabilities.value != nil else { return losses.withoutValue }
    guard losses.rank == 1, logProbabilities.shape.first == losses.shape[0] else {
      losses.trace.context.fail(
        "score function: losses are \(losses.type), log probabilities \(logProbabilities.type), "
          + "expected [batch] and [batch, …]", nil)
      return losses.withoutValue
    }
    var sums = logProbabilities
    while sums.rank > 1 { sums = sums.sum(over: -1) }
    let advantage: Tensor
    if let baseline {
      advantage = losses - baseline
    } else {
      // loss - (total - loss) / (n - 1) = (loss - mean) · n / (n - 1)
      let count = losses.trace.emit(.size(Size([losses.shape[0]])), [], at: nil)[0]
      advantage = (losses - losses.average) * (count / maximum(count - 1, losses.scalar(1)))
    }
    return (stopGradient(advantage) * (sums - stopGradient(sums))).average
  }
}
