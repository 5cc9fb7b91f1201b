/// h' = f(x·W + h·U + b), f a tanh or a relu (Elman, 1990).
public struct RNNCell: RecurrentCell, NamedParts {
  /// What is applied to the sum.
  public enum Nonlinearity: String, Sendable {
    case tanh, relu
  }

  /// The width of an input.
  public let inputSize: Int
  /// The width of h.
  public let stateSizes: [Int]
  private let gate: GateWeights
  private let nonlinearity: Nonlinearity

  /// Creates a cell from its sizes.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, _ nonlinearity: Nonlinearity = .tanh, bias: Bool = true,
    initialization: Initialization = .pytorch
  ) {
    self.inputSize = inputSize
    stateSizes = [hiddenSize]
    self.nonlinearity = nonlinearity
    gate = GateWeights(inputSize, hiddenSize, bias: bias, initialization: initialization)
  }

  /// The only gate is called `state`.
  public var parts: [(name: String, part: Any)] { [("state", gate)] }

  /// The next h.
  public func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
    let sum = gate(x, state[0])
    return [nonlinearity == .tanh ? tanh(sum) : relu(sum)]
  }
}

/// c' = σ(f)·c + σ(i)·tanh(g), h' = σ(o)·tanh(c'); the state is h, c.
///
/// Hochreiter and Schmidhuber (1997), forget gates by Gers et al. (2000).
public struct LSTMCell: RecurrentCell, NamedParts {
  /// The width of an input.
  public let inputSize: Int
  /// The widths of h and c.
  public let stateSizes: [Int]
  private let input: GateWeights
  private let forget: GateWeights
  private let cell: GateWeights
  private let output: GateWeights

  /// Creates a cell from its sizes.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true,
    initialization: Initialization = .pytorch
  ) {
    self.inputSize = inputSize
    stateSizes = [hiddenSize, hiddenSize]
    let gates = (0..<4).map {
      GateWeights(
        inputSize, hiddenSize, bias: bias, gate: ($0, 4), isForget: $0 == 1,
        initialization: initialization)
    }
    (input, forget, cell, output) = (gates[0], gates[1], gates[2], gates[3])
  }

  /// The gates by name.
  public var parts: [(name: String, part: Any)] {
    [("input", input), ("forget", forget), ("cell", cell), ("output", output)]
  }

  /// The next h and c.
  public func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
    let (h, c) = (state[0], state[1])
    let kept = sigmoid(forget(x, h)) * c
    let new = kept + sigmoid(input(x, h)) * tanh(cell(x, h))
    return [sigmoid(output(x, h)) * tanh(new), new]
  }
}

/// h' = (1 - z)·n + z·h (Cho et al., 2014), in either of the two forms in use.
public struct GRUCell: RecurrentCell, NamedParts {
  /// Where the reset gate r acts.
  public enum ResetGate: String, Sendable {
    /// n = tanh(x·Wₙ + bₙ + r·(h·Uₙ + dₙ)): PyTorch, cuDNN, Keras with `reset_after`, ONNX with
    /// `linear_before_reset`.
    case afterProduct
    /// n = tanh(x·Wₙ + (r·h)·Uₙ + bₙ): the paper.
    case beforeProduct
  }

  /// The width of an input.
  public let inputSize: Int
  /// The width of h.
  public let stateSizes: [Int]
  private let resetGate: ResetGate
  private let reset: GateWeights
  private let update: GateWeights
  private let new: GateWeights

  /// Creates a cell from its sizes.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, resetGate: ResetGate = .afterProduct, bias: Bool = true,
    initialization: Initialization = .pytorch
  ) {
    self.inputSize = inputSize
    self.resetGate = resetGate
    stateSizes = [hiddenSize]
    let gates = (0..<3).map {
      GateWeights(
        inputSize, hiddenSize, bias: bias,
        hiddenBias: $0 == 2 && bias && resetGate == .afterProduct, gate: ($0, 3),
        initialization: initialization)
    }
    (reset, update, new) = (gates[0], gates[1], gates[2])
  }

  /// The gates by name.
  public var parts: [(name: String, part: Any)] {
    [("reset", reset), ("update", update), ("new", new)]
  }

  /// The next h.
  public func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
    let h = state[0]
    let r = sigmoid(reset(x, h))
    let z = sigmoid(update(x, h))
    var candidate = matmul(x, new.input)
    if let bias = new.bias { candidate = candidate + bias }
    switch resetGate {
    case .afterProduct:
      var recurrent = matmul(h, new.hidden)
      if let bias = new.hiddenBias { recurrent = recurrent + bias }
      candidate = candidate + r * recurrent
    case .beforeProduct:
      candidate = candidate + matmul(r * h, new.hidden)
    }
    return [(1 - z) * tanh(candidate) + z * h]
  }
}
