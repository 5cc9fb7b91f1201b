extension BERT.Configuration {
  /// The configuration of a BERT checkpoint: `config.json`, and of a sentence embedding what the files
  /// of `sentence-transformers` say.
  init(_ configuration: FileValue, in folder: PretrainedFolder) throws {
    self.init()
    vocabulary = try configuration.required("vocab_size").count(from: 1)
    width = try configuration.required("hidden_size").count(from: 1)
    layers = try configuration.required("num_hidden_layers").count(from: 1, to: 1000)
    heads = try configuration.required("num_attention_heads").count(from: 1)
    feedForward = try configuration.required("intermediate_size").count(from: 1)
    positions = try configuration.required("max_position_embeddings").count(from: 1)
    segments = try configuration["type_vocab_size"]?.count(from: 1) ?? 2
    epsilon = try configuration["layer_norm_eps"]?.number() ?? 1e-12
    dropout = try configuration["hidden_dropout_prob"]?.number() ?? 0.1
    guard width % heads == 0 else {
      throw configuration.problem("hidden_size \(width) is not a multiple of \(heads) heads")
    }
    if let function = configuration["hidden_act"] { activation = try .init(function) }
    if let kind = configuration["position_embedding_type"], try kind.string() != "absolute" {
      throw kind.unsupported("absolute")
    }
    for key in ["is_decoder", "add_cross_attention"] {
      if let choice = configuration[key], try choice.bool() { throw choice.unsupported("false") }
    }
    try readHead(configuration, in: folder)
    text = try .pretrained(in: folder, vocabulary: configuration.required("vocab_size"))
    let limit = try sentenceLength(in: folder) ?? text?.maximumLength ?? positions
    text?.maximumLength = min(limit, positions)
  }

  private mutating func readHead(_ configuration: FileValue, in folder: PretrainedFolder) throws {
    let architecture = try configuration["architectures"]?.elements().first
    switch try architecture?.string() ?? "BertModel" {
    case "BertModel":
      head = .embedding
      try readModules(in: folder)
    case "BertForMaskedLM", "BertForPreTraining": head = .maskedLanguageModel
    case "BertForSequenceClassification":
      head = .classification
      labels = try Self.labels(configuration)
    case "BertForTokenClassification":
      head = .labelling
      labels = try Self.labels(configuration)
    default:
      throw (architecture ?? configuration).unsupported(
        "BertModel, BertForMaskedLM, BertForSequenceClassification or BertForTokenClassification")
    }
  }

  /// `id2label`, or `LABEL_0` and so on for as many labels as there are.
  private static func labels(_ configuration: FileValue) throws -> [String] {
    guard let names = configuration["id2label"] else {
      let count = try configuration["num_labels"]?.count(from: 1, to: 1 << 20) ?? 2
      return (0..<count).map { "LABEL_\($0)" }
    }
    let members = try names.members()
    var labels: [String?] = Array(repeating: nil, count: members.count)
    for (number, label) in members {
      guard let place = Int(number), labels.indices.contains(place), labels[place] == nil else {
        throw names.problem("'\(number)' is not one of \(members.count) numbers from 0")
      }
      labels[place] = try label.string()
    }
    return labels.compactMap { $0 }
  }

  // MARK: - Sentence embeddings

  /// A model alone is pooled as `sentence-transformers` does it: the mean, as long as it is.
  private mutating func readModules(in folder: PretrainedFolder) throws {
    (pooling, isNormalized) = (.mean, false)
    guard let modules = try folder.value("modules.json")?.elements() else { return }
    for module in modules {
      let type = try module.required("type")
      switch try type.string().split(separator: ".").last {
      case "Transformer": break
      case "Pooling": try readPooling(try module.required("path").string(), in: folder)
      case "Normalize": isNormalized = true
      default: throw type.unsupported("Transformer, Pooling or Normalize")
      }
    }
  }

  private mutating func readPooling(_ path: String, in folder: PretrainedFolder) throws {
    let file = try folder.required(path + "/config.json")
    let modes = try file.members().filter {
      $0.name.hasPrefix("pooling_mode_") && $0.value.json == .bool(true)
    }
    switch modes.map(\.name) {
    case ["pooling_mode_mean_tokens"]: pooling = .mean
    case ["pooling_mode_cls_token"]: pooling = .first
    default:
      throw file.problem(
        "pools by \(modes.map(\.name).joined(separator: " and ")); the mean or the first token "
          + "are supported")
    }
  }

  /// How many tokens `sentence-transformers` lets a text have.
  private func sentenceLength(in folder: PretrainedFolder) throws -> Int? {
    try folder.value("sentence_bert_config.json")?["max_seq_length"]?.count(from: 1)
  }
}
