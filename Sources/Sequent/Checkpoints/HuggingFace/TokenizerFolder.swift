import Foundation

extension TextEncoding {
  /// The encoding of a Hugging Face checkpoint's folder; nil when it has no tokenizer's files.
  ///
  /// - Throws: `FormatError` with the file, and what in it is wrong or not supported.
  public static func pretrained(in folder: String) throws -> TextEncoding? {
    try TokenizerFolder(folder: folder).encoding()
  }
}

/// The files of a tokenizer in a checkpoint's folder: `tokenizer.json`, or what older checkpoints have,
/// `vocab.txt` (BERT) or `vocab.json` and `merges.txt` (GPT-2), with `tokenizer_config.json`.
private struct TokenizerFolder {
  let folder: String

  func encoding() throws -> TextEncoding? {
    if let file = try contents("tokenizer.json") { return try TokenizerFile.encoding(file) }
    if let file = try contents("vocab.txt") { return try wordPieces(file) }
    guard let file = try contents("vocab.json") else { return nil }
    guard let merges = try contents("merges.txt") else {
      throw FormatError(
        file: path("merges.txt"), reason: "not there, and vocab.json is nothing without it")
    }
    return try bytePairs(file, merges)
  }

  private func path(_ name: String) -> String { folder + "/" + name }

  private func contents(_ name: String) throws -> FileContents? {
    guard FileManager.default.fileExists(atPath: path(name)) else { return nil }
    return try FileContents(path: path(name))
  }

  private func configuration() throws -> FileValue? {
    try contents("tokenizer_config.json").map(FileValue.init)
  }

  // MARK: - BERT

  private func wordPieces(_ file: FileContents) throws -> TextEncoding {
    let vocabulary = try PretrainedVocabulary(lines: file)
    let configuration = try configuration()
    if let choice = configuration?["do_basic_tokenize"], try !choice.bool() {
      throw choice.unsupported("true")
    }
    let isLowercased = try configuration?["do_lower_case"]?.bool() ?? true
    var rules = WordPieceRules()
    rules.separatesIdeographs = try configuration?["tokenize_chinese_chars"]?.bool() ?? true
    rules.stripsAccents = try configuration?["strip_accents"]?.bool() ?? isLowercased
    func name(_ key: String, _ usual: String) throws -> String {
      try configuration?[key].map(specialToken) ?? usual
    }
    func number(_ key: String, _ usual: String) throws -> Int {
      try vocabulary.number(of: try name(key, usual), for: key)
    }
    var added: [AddedToken] = []
    for (key, usual) in Self.specialTokens {
      let text = try name(key, usual)
      if let number = vocabulary[text] { added.append(AddedToken(text, number: number)) }
    }
    return TextEncoding(
      unit: .wordPiece, vocabulary: vocabulary.tokens,
      unknown: try number("unk_token", "[UNK]"), isLowercased: isLowercased, wordPieces: rules,
      added: added,
      template: .bert(
        begin: try number("cls_token", "[CLS]"), end: try number("sep_token", "[SEP]")),
      maximumLength: try maximumLength(configuration))
  }

  private static let specialTokens = [
    ("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"),
    ("sep_token", "[SEP]"), ("mask_token", "[MASK]"),
  ]

  /// A special token's text: a string, or an object with options.
  private func specialToken(_ value: FileValue) throws -> String {
    if let text = value.json.string { return text }
    for name in ["single_word", "lstrip", "rstrip"] {
      if let choice = value[name], try choice.bool() { throw choice.unsupported("false") }
    }
    return try value.required("content").string()
  }

  /// The longest text; a number beyond all texts means that there is none.
  private func maximumLength(_ configuration: FileValue?) throws -> Int? {
    guard let limit = configuration?["model_max_length"],
      try limit.number() <= Double(FileValue.most)
    else { return nil }
    return try limit.count(from: 1)
  }

  // MARK: - GPT-2

  private func bytePairs(_ file: FileContents, _ merges: FileContents) throws -> TextEncoding {
    let root = try FileValue(file)
    let vocabulary = try PretrainedVocabulary(root)
    let configuration = try configuration()
    let first = try merges.lines()
    let lines = first.dropFirst(first.first?.hasPrefix("#version") ?? false ? 1 : 0)
      .filter { !$0.isEmpty }
    try refuseRepeated(lines) { FormatError(file: merges.name, reason: $0) }
    var added: [AddedToken] = []
    for key in ["unk_token", "bos_token", "eos_token", "pad_token"] {
      guard let text = try configuration?[key].map(specialToken) ?? Self.usual(key),
        !added.contains(where: { $0.text == text }), let number = vocabulary[text]
      else { continue }
      added.append(AddedToken(text, number: number))
    }
    let encoding = TextEncoding(
      unit: .bytePair, vocabulary: vocabulary.tokens,
      unknown: nil, merges: lines,
      beginsWithSpace: try configuration?["add_prefix_space"]?.bool() ?? false, added: added,
      maximumLength: nil)
    if let fault = encoding.fault { throw FormatError(file: merges.name, reason: fault) }
    return encoding
  }

  private static func usual(_ key: String) -> String? {
    key == "pad_token" ? nil : "<|endoftext|>"
  }
}
