/// The cells that have kernels of their own.
///
/// Gates stand side by side in merged weights, in the order of `gates`.
public enum RecurrentCellKind: String, Hashable, Sendable, CaseIterable {
  /// h' = tanh(x·W + h·U + b) (Elman, 1990).
  case rnnTanh
  /// h' = relu(x·W + h·U + b).
  case rnnRelu
  /// Hochreiter and Schmidhuber (1997) with forget gates (Gers et al., 2000):
  /// c' = σ(f)·c + σ(i)·tanh(g), h' = σ(o)·tanh(c').
  case lstm
  /// Cho et al. (2014) as cuDNN and PyTorch have it: n = tanh(x·Wₙ + bₙ + r·(h·Uₙ + dₙ)),
  /// h' = (1 - z)·n + z·h.
  case gruResetAfter
  /// Cho et al. (2014) as published: n = tanh(x·Wₙ + (r·h)·Uₙ + bₙ), h' = (1 - z)·n + z·h.
  case gruResetBefore

  /// The gates' names, in the order of merged weights.
  public var gates: [String] {
    switch self {
    case .rnnTanh, .rnnRelu: ["state"]
    case .lstm: ["input", "forget", "cell", "output"]
    case .gruResetAfter, .gruResetBefore: ["reset", "update", "new"]
    }
  }

  /// How many tensors `[batch, hidden]` the state is: h, and c for an LSTM.
  public var stateCount: Int { self == .lstm ? 2 : 1 }

  /// How many numbers a unit keeps of a step for the gradient: the gates, c or the candidate's
  /// recurrent part; a plain cell needs only its output.
  public var savedSlots: Int {
    switch self {
    case .rnnTanh, .rnnRelu: 0
    case .lstm: 5
    case .gruResetAfter, .gruResetBefore: 4
    }
  }

  /// One unit's step.
  ///
  /// - Parameters:
  ///   - x: the gates' parts from the input, biases included.
  ///   - h: the gates' parts from the hidden state; for `gruResetAfter` with its own bias.
  ///   - state: the unit's own h, or c for an LSTM.
  /// - Returns: h', and c' for an LSTM.
  func step(x: [Double], h: [Double], state: Double) -> (hidden: Double, cell: Double) {
    let sigmoid = Unary.sigmoid.value
    let tanh = Mathematics.tanh
    switch self {
    case .rnnTanh: return (tanh(x[0] + h[0]), 0)
    case .rnnRelu: return (Unary.relu.value(x[0] + h[0]), 0)
    case .lstm:
      let cell = sigmoid(x[1] + h[1]) * state + sigmoid(x[0] + h[0]) * tanh(x[2] + h[2])
      return (sigmoid(x[3] + h[3]) * tanh(cell), cell)
    case .gruResetAfter, .gruResetBefore:
      // Reset before: h[2] is already the product with r·h.
      let reset = self == .gruResetAfter ? sigmoid(x[0] + h[0]) : 1
      let update = sigmoid(x[1] + h[1])
      let new = tanh(x[2] + reset * h[2])
      return ((1 - update) * new + update * state, 0)
    }
  }
}
