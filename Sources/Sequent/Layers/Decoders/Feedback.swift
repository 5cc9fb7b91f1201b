import SequentIR

/// Scheduled sampling (Bengio et al., 2015): in training a decoder sometimes reads what it said
/// itself, so that it learns to go on after its own mistakes.
///
/// The share of steps at which it does rises linearly over training, from nothing to `share`. What it
/// said is the most likely token; gradients go through its vector, not through the choice.
public struct Feedback {
  /// The share at the end of training, 0 to 1.
  public let share: Double
  /// The vector `[batch, input]` that is read in place of a given one, of an output.
  let read: (Tensor) -> Tensor

  /// Creates a feedback.
  ///
  /// - Parameter read: from what the decoder said, `[batch, outputSize]`, to what it reads for it.
  public init(share: Double, read: @escaping (Tensor) -> Tensor) {
    (self.share, self.read) = (share, read)
  }

  /// For every row and step of `[batch, time, input]` a number above 0 where the decoder's own word is
  /// read, `[batch, time]`; nothing outside of training.
  func draws(_ xs: Tensor) -> Tensor? {
    let shape = Array(xs.shape.prefix(2))
    guard share > 0, let uniform = xs.trace.uniform(shape),
      let progress = xs.trace.trainingProgress
    else { return nil }
    // Nothing was said before the first step.
    let steps = xs.trace.emit(
      .iota(Iota(shape: shape, axis: 1)), [], names: ["position"], at: nil)[0]
    return select(steps .== 0, uniform.scalar(0), progress * share - uniform)
  }
}
