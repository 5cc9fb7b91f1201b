/// A stack of plain recurrent cells.
public typealias RNN = RecurrentLayer<RNNCell>
/// A stack of LSTM cells.
public typealias LSTM = RecurrentLayer<LSTMCell>
/// A stack of GRU cells.
public typealias GRU = RecurrentLayer<GRUCell>

extension RecurrentLayer where Cell == RNNCell {
  /// Creates a stack of plain recurrent cells.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, _ nonlinearity: RNNCell.Nonlinearity = .tanh,
    layers: Int = 1, bidirectional: Bool = false, dropout: Dropout = Dropout(0),
    bias: Bool = true, initialization: Initialization = .pytorch
  ) {
    self.init(
      inputSize: inputSize, layers: layers, bidirectional: bidirectional, dropout: dropout
    ) {
      RNNCell($0, hiddenSize, nonlinearity, bias: bias, initialization: initialization)
    }
  }
}

extension RecurrentLayer where Cell == LSTMCell {
  /// Creates a stack of LSTM cells.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
    dropout: Dropout = Dropout(0), bias: Bool = true, initialization: Initialization = .pytorch
  ) {
    self.init(
      inputSize: inputSize, layers: layers, bidirectional: bidirectional, dropout: dropout
    ) {
      LSTMCell($0, hiddenSize, bias: bias, initialization: initialization)
    }
  }
}

extension RecurrentLayer where Cell == GRUCell {
  /// Creates a stack of GRU cells.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
    dropout: Dropout = Dropout(0), resetGate: GRUCell.ResetGate = .afterProduct,
    bias: Bool = true, initialization: Initialization = .pytorch
  ) {
    self.init(
      inputSize: inputSize, layers: layers, bidirectional: bidirectional, dropout: dropout
    ) {
      GRUCell($0, hiddenSize, resetGate: resetGate, bias: bias, initialization: initialization)
    }
  }
}
