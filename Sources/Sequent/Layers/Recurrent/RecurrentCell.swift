import SequentIR

/// One step of a recurrence: from an input and the state before it to the state after it.
///
/// The state is a list of tensors `[batch, stateSizes[i]]`; the first is the cell's output.
/// Conform a type of your own and put it into a `RecurrentLayer`: it runs in the same layer as the
/// cells that have kernels of their own, step by step.
///
///     struct LeakyCell: RecurrentCell {
///       let input = Linear(8, 16)
///       var inputSize: Int { 8 }
///       var stateSizes: [Int] { [16] }
///       func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
///         [state[0] * 0.9 + tanh(input(x)) * 0.1]
///       }
///     }
public protocol RecurrentCell: Sendable {
  /// The width of an input.
  var inputSize: Int { get }
  /// The width of every tensor of the state, the output's first; at least one.
  var stateSizes: [Int] { get }
  /// The state after a step, from the input `[batch, inputSize]` and the state before it.
  func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor]
}

/// The weights of one gate: x · W + h · U + b.
public struct GateWeights: NamedParts, Sendable {
  /// The matrix for the input, W `[input, hidden]`.
  public let input: Weight
  /// The matrix for the hidden state, U `[hidden, hidden]`.
  public let hidden: Weight
  /// The bias, b `[hidden]`.
  public let bias: Weight?
  /// A bias of the hidden part alone, `[hidden]`; only the candidate of a GRU has one.
  public let hiddenBias: Weight?

  /// Creates a gate's weights.
  ///
  /// - Parameters:
  ///   - gate: which of the cell's gates it is, and how many there are.
  ///   - isForget: whether it is an LSTM's forget gate, whose bias may start at one.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool, hiddenBias: Bool = false,
    gate: (index: Int, count: Int) = (0, 1), isForget: Bool = false,
    initialization: Initialization = .pytorch
  ) {
    let draw = initialization.gate(
      gate.index, of: gate.count, inputs: inputSize, hidden: hiddenSize, isForget: isForget)
    input = Weight([inputSize, hiddenSize], role: .gate, initializer: draw.input)
    hidden = Weight([hiddenSize, hiddenSize], role: .gate, initializer: draw.hidden)
    self.bias = bias ? .vector(hiddenSize, initializer: draw.bias) : nil
    self.hiddenBias = hiddenBias ? .vector(hiddenSize, initializer: draw.bias) : nil
  }

  /// The weights by the names that checkpoints are mapped to.
  public var parts: [(name: String, part: Any)] {
    [("input_weight", input), ("hidden_weight", hidden)]
      + (bias.map { [("bias", $0)] } ?? []) + (hiddenBias.map { [("hidden_bias", $0)] } ?? [])
  }

  /// x · W + h · U + b.
  public func callAsFunction(_ x: Tensor, _ h: Tensor) -> Tensor {
    x.trace.context.scope(
      x.trace.context.path(of: self), SourceLocation(file: #fileID, line: #line)
    ) {
      let sum = matmul(x, input) + matmul(h, hidden)
      guard let bias else { return sum }
      return sum + bias
    }
  }
}
