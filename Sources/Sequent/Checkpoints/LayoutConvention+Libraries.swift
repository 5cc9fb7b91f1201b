extension LayoutConvention {
  // torch.nn.RNN, LSTM, GRU, and their cells: https://docs.pytorch.org/docs/stable/nn.html
  static let pytorch = LayoutConvention(
    gates: [
      .rnn: ["state"], .lstm: ["input", "forget", "cell", "output"],
      .gru: ["reset", "update", "new"],
    ],
    inputWeight: ["{path}.weight_ih_l{layer}{reverse}", "{path}.weight_ih"],
    hiddenWeight: ["{path}.weight_hh_l{layer}{reverse}", "{path}.weight_hh"],
    bias: .separate(
      input: ["{path}.bias_ih_l{layer}{reverse}", "{path}.bias_ih"],
      hidden: ["{path}.bias_hh_l{layer}{reverse}", "{path}.bias_hh"]),
    recurrentMatrix: .outputFirst, hasDirectionAxis: false, resetGates: [.after],
    linearMatrix: .outputFirst, linearNames: [:], embeddingNames: [:], vectorNames: [:],
    buffers: ["num_batches_tracked", "position_ids", "token_type_ids", "inv_freq", "masked_bias"])

  // keras.layers.SimpleRNN, LSTM, GRU, Bidirectional: https://keras.io/api/layers/
  static let keras = LayoutConvention(
    gates: [
      .rnn: ["state"], .lstm: ["input", "forget", "cell", "output"],
      .gru: ["update", "reset", "new"],
    ],
    inputWeight: kerasNames("kernel"),
    hiddenWeight: kerasNames("recurrent_kernel"),
    bias: .summed(kerasNames("bias")),
    recurrentMatrix: .inputFirst, hasDirectionAxis: false, resetGates: [.before, .after],
    linearMatrix: .inputFirst, linearNames: ["weight": ["kernel"]],
    embeddingNames: ["weight": ["embeddings"]],
    vectorNames: ["weight": ["gamma"], "bias": ["bias", "beta"]],
    buffers: ["seed_generator_state"])

  /// Keras stacks layers by hand, so that their names are the user's; it counts those it names.
  private static func kerasNames(_ weight: String) -> [String] {
    [
      "{path}.\(weight)", "{path}.{direction}.\(weight)", "{path}.layer{layer}.\(weight)",
      "{path}.layer{layer}.{direction}.\(weight)", "{path}_{layer}.\(weight)",
      "{path}_{layer}.{direction}.\(weight)",
    ]
  }

  // The operators RNN, LSTM, GRU: https://onnx.ai/onnx/operators/. A linear layer is a Gemm with
  // transB = 1, as PyTorch exports it.
  static let onnx = LayoutConvention(
    gates: [
      .rnn: ["state"], .lstm: ["input", "output", "forget", "cell"],
      .gru: ["update", "reset", "new"],
    ],
    inputWeight: ["{path}.layer{layer}.W", "{path}.W"],
    hiddenWeight: ["{path}.layer{layer}.R", "{path}.R"],
    bias: .concatenated(["{path}.layer{layer}.B", "{path}.B"]),
    recurrentMatrix: .outputFirst, hasDirectionAxis: true, resetGates: [.before, .after],
    linearMatrix: .outputFirst, linearNames: [:], embeddingNames: [:], vectorNames: [:],
    buffers: [])
}
