extension GPT.Configuration {
  /// The configuration of a GPT-2 checkpoint: `config.json`.
  init(_ configuration: FileValue, in folder: PretrainedFolder) throws {
    self.init()
    let architecture = try configuration["architectures"]?.elements().first
    if let architecture, !["GPT2LMHeadModel", "GPT2Model"].contains(try architecture.string()) {
      throw architecture.unsupported("GPT2LMHeadModel or GPT2Model")
    }
    vocabulary = try configuration.required("vocab_size").count(from: 1)
    width = try configuration.required("n_embd").count(from: 1)
    layers = try configuration.required("n_layer").count(from: 1, to: 1000)
    heads = try configuration.required("n_head").count(from: 1)
    context = try configuration.required("n_positions").count(from: 1)
    feedForward = try configuration["n_inner"]?.count(from: 1) ?? 4 * width
    epsilon = try configuration["layer_norm_epsilon"]?.number() ?? 1e-5
    dropout = try configuration["resid_pdrop"]?.number() ?? 0.1
    isTied = try configuration["tie_word_embeddings"]?.bool() ?? true
    guard width % heads == 0 else {
      throw configuration.problem("n_embd \(width) is not a multiple of \(heads) heads")
    }
    if let function = configuration["activation_function"] { activation = try .init(function) }
    if let choice = configuration["scale_attn_weights"], try !choice.bool() {
      throw choice.unsupported("true")
    }
    for key in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
      if let choice = configuration[key], try choice.bool() { throw choice.unsupported("false") }
    }
    text = try .pretrained(in: folder, vocabulary: configuration.required("vocab_size"))
    text?.end = try configuration["eos_token_id"]?.count(to: vocabulary - 1)
  }
}
