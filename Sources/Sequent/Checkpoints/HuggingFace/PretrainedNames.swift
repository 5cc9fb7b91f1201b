import SequentIR

/// What the checkpoints of a model family of Hugging Face's `transformers` call its parameters.
struct PretrainedNames: Sendable {
  /// A layer's path here and there; `*` stands for the number of a layer.
  struct Name: Sendable {
    let here: String
    let there: String
    /// Whether its matrix is stored `[output, input]`, as PyTorch's linear layers do.
    var isTransposed = true

    init(_ here: String, _ there: String, isTransposed: Bool = true) {
      (self.here, self.there, self.isTransposed) = (here, there, isTransposed)
    }
  }

  let names: [Name]
  /// What stands before the names when the model is part of one with a head.
  let prefix: String
  /// Endings of the names of tensors that are not needed: buffers, and tied weights.
  let unneeded: [String]

  static let bert = PretrainedNames(
    names: [
      Name("embeddings.token", "embeddings.word_embeddings"),
      Name("embeddings.position", "embeddings.position_embeddings"),
      Name("embeddings.segment", "embeddings.token_type_embeddings"),
      Name("embeddings.norm", "embeddings.LayerNorm"),
      Name("encoder.layers.*.attention.query", "encoder.layer.*.attention.self.query"),
      Name("encoder.layers.*.attention.key", "encoder.layer.*.attention.self.key"),
      Name("encoder.layers.*.attention.value", "encoder.layer.*.attention.self.value"),
      Name("encoder.layers.*.attention.output", "encoder.layer.*.attention.output.dense"),
      Name("encoder.layers.*.attentionNorm", "encoder.layer.*.attention.output.LayerNorm"),
      Name("encoder.layers.*.feedForward.up", "encoder.layer.*.intermediate.dense"),
      Name("encoder.layers.*.feedForward.down", "encoder.layer.*.output.dense"),
      Name("encoder.layers.*.feedForwardNorm", "encoder.layer.*.output.LayerNorm"),
      Name("pooler", "pooler.dense"),
      Name("classifier", "classifier"),
      Name("prediction.transform", "cls.predictions.transform.dense"),
      Name("prediction.norm", "cls.predictions.transform.LayerNorm"),
      Name("prediction", "cls.predictions"),
    ],
    prefix: "bert.",
    unneeded: [
      "embeddings.position_ids", "embeddings.token_type_ids", "pooler.dense.weight",
      "pooler.dense.bias", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias",
      "cls.seq_relationship.weight", "cls.seq_relationship.bias",
    ])

  static let gpt2 = PretrainedNames(
    names: [
      Name("embeddings.token", "wte"),
      Name("embeddings.position", "wpe"),
      Name("decoder.layers.*.attentionNorm", "h.*.ln_1"),
      Name("decoder.layers.*.attention.joint", "h.*.attn.c_attn", isTransposed: false),
      Name("decoder.layers.*.attention.output", "h.*.attn.c_proj", isTransposed: false),
      Name("decoder.layers.*.feedForwardNorm", "h.*.ln_2"),
      Name("decoder.layers.*.feedForward.up", "h.*.mlp.c_fc", isTransposed: false),
      Name("decoder.layers.*.feedForward.down", "h.*.mlp.c_proj", isTransposed: false),
      Name("decoder.norm", "ln_f"),
      Name("head", "lm_head"),
    ],
    prefix: "transformer.",
    unneeded: ["attn.bias", "attn.masked_bias", "lm_head.weight"])

  /// The names as those of a checkpoint with these tensors.
  func library(for tensors: some TensorSource) -> CheckpointLibrary {
    let prefix = tensors.tensorNames.contains { $0.hasPrefix(self.prefix) } ? self.prefix : ""
    return CheckpointLibrary(title: "Hugging Face", buffers: unneeded) { parameter in
      [term(for: parameter, prefix: prefix)]
    }
  }

  private func term(for parameter: ParameterSpecification, prefix: String) -> SourceTerm {
    let shape = parameter.shape
    let (path, isTransposed) = place(of: parameter.name)
    // Heads have no prefix; checkpoints that TensorFlow wrote call a norm's weights otherwise.
    let old = path.replacing(".LayerNorm.weight", with: ".LayerNorm.gamma")
      .replacing(".LayerNorm.bias", with: ".LayerNorm.beta")
    let names = [prefix + path, path, prefix + old, old]
    guard isTransposed, parameter.role == .linear, shape.count == 2 else {
      return SourceTerm(names: names, shape: shape, view: StridedView(dense: shape))
    }
    let view = StridedView(shape: shape, strides: [1, shape[0]])
    return SourceTerm(names: names, shape: shape.reversed(), view: view)
  }

  /// What a parameter is called without the prefix, and whether it is stored `[output, input]`.
  private func place(of parameter: String) -> (name: String, isTransposed: Bool) {
    let parts = parameter.split(separator: ".")
    for name in names {
      let here = name.here.split(separator: ".")
      guard parts.count == here.count + 1,
        zip(parts, here).allSatisfy({ $0 == $1 || $1 == "*" && $0.allSatisfy(\.isNumber) })
      else { continue }
      let number = zip(parts, here).first { $1 == "*" }?.0 ?? ""
      let path = name.there.replacing("*", with: number)
      return ("\(path).\(parts[parts.count - 1])", name.isTransposed)
    }
    return (parameter, true)
  }
}
