/// Reads `tokenizer.json`, the file of Hugging Face's `tokenizers`: a normaliser, a cut into words, a
/// model, and a template, of which Sequent has BERT's and GPT-2's.
struct TokenizerFile {
  private let root: FileValue
  private var vocabulary: PretrainedVocabulary

  /// The encoding in a file.
  static func encoding(_ contents: FileContents) throws -> TextEncoding {
    var file = try TokenizerFile(contents)
    return try file.encoding()
  }

  private init(_ contents: FileContents) throws {
    root = try FileValue(contents)
    vocabulary = try PretrainedVocabulary(root.required("model").required("vocab"))
  }

  private mutating func encoding() throws -> TextEncoding {
    let model = try root.required("model")
    let added = try addedTokens()
    let template = try template()
    let limit = try maximumLength()
    let encoding =
      switch try model["type"]?.string() ?? (model["merges"] == nil ? "WordPiece" : "BPE") {
      case "WordPiece": try wordPieces(model, added, template, limit)
      case "BPE": try bytePairs(model, added, template, limit)
      default: throw try model.required("type").unsupported("WordPiece or BPE")
      }
    if let fault = encoding.fault { throw root.problem(fault) }
    return encoding
  }

  // MARK: - Models

  private func wordPieces(
    _ model: FileValue, _ added: [AddedToken], _ template: SequenceTemplate?, _ limit: Int?
  ) throws -> TextEncoding {
    let cut = try root.required("pre_tokenizer")
    guard try alone(cut).type == "BertPreTokenizer" else {
      throw cut.unsupported("BertPreTokenizer")
    }
    var rules = WordPieceRules()
    var isLowercased = false
    (rules.cleansText, rules.separatesIdeographs, rules.stripsAccents) = (false, false, false)
    if let normalizer = root["normalizer"] {
      let (type, bert) = try alone(normalizer)
      guard type == "BertNormalizer" else { throw normalizer.unsupported("BertNormalizer") }
      isLowercased = try bert["lowercase"]?.bool() ?? true
      rules.cleansText = try bert["clean_text"]?.bool() ?? true
      rules.separatesIdeographs = try bert["handle_chinese_chars"]?.bool() ?? true
      rules.stripsAccents = try bert["strip_accents"]?.bool() ?? isLowercased
    }
    rules.longestWord = try model["max_input_chars_per_word"]?.count() ?? 100
    rules.continuation = try model["continuing_subword_prefix"]?.string() ?? "##"
    let unknown = try model["unk_token"]?.string() ?? "[UNK]"
    return TextEncoding(
      unit: .wordPiece, vocabulary: vocabulary.tokens,
      unknown: try vocabulary.number(of: unknown, for: "model.unk_token"),
      isLowercased: isLowercased, wordPieces: rules, added: added, template: template,
      maximumLength: limit)
  }

  private func bytePairs(
    _ model: FileValue, _ added: [AddedToken], _ template: SequenceTemplate?, _ limit: Int?
  ) throws -> TextEncoding {
    let cut = try root.required("pre_tokenizer")
    let (type, level) = try alone(cut)
    guard type == "ByteLevel" else { throw cut.unsupported("ByteLevel") }
    if let expression = level["use_regex"], try !expression.bool() {
      throw expression.unsupported("true")
    }
    if let normalizer = root["normalizer"] { throw normalizer.unsupported("null") }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let text = model[name], try !text.string().isEmpty { throw text.unsupported("null") }
    }
    for name in ["byte_fallback", "ignore_merges"] {
      if let choice = model[name], try choice.bool() { throw choice.unsupported("false") }
    }
    if let dropout = model["dropout"], try dropout.number() != 0 {
      throw dropout.unsupported("null")
    }
    let unknown = try model["unk_token"]?.string()
    return TextEncoding(
      unit: .bytePair, vocabulary: vocabulary.tokens,
      unknown: try unknown.map { try vocabulary.number(of: $0, for: "model.unk_token") },
      merges: try merges(model.required("merges")),
      beginsWithSpace: try level["add_prefix_space"]?.bool() ?? true, added: added,
      template: template, maximumLength: limit)
  }

  /// Merges as `left right`, or as pairs of strings.
  private func merges(_ value: FileValue) throws -> [String] {
    let merges = try value.elements().map { merge in
      if let text = merge.json.string { return text }
      let pair = try merge.elements().map { try $0.string() }
      guard pair.count == 2 else { throw merge.problem("\(pair.count) texts, expected a pair") }
      return pair.joined(separator: " ")
    }
    try refuseRepeated(merges) { value.problem($0) }
    return merges
  }

  /// A part of a tokenizer and its type; a sequence of one is that one.
  private func alone(_ value: FileValue) throws -> (type: String, part: FileValue) {
    let type = try value.required("type").string()
    guard type == "Sequence" else { return (type, value) }
    for list in ["pretokenizers", "normalizers", "processors"] {
      if let parts = try value[list]?.elements(), parts.count == 1 { return try alone(parts[0]) }
    }
    return (type, value)
  }

  // MARK: - Around the text

  private mutating func addedTokens() throws -> [AddedToken] {
    var added: [AddedToken] = []
    for value in try root["added_tokens"]?.elements() ?? [] {
      for name in ["single_word", "lstrip", "rstrip"] {
        if let choice = value[name], try choice.bool() { throw choice.unsupported("false") }
      }
      let token = AddedToken(
        try value.required("content").string(), number: try value.required("id").count(),
        isSpecial: try value["special"]?.bool() ?? false,
        isNormalized: try value["normalized"]?.bool() ?? true)
      try vocabulary.add(token.text, token.number, from: value)
      added.append(token)
    }
    return added
  }

  private func maximumLength() throws -> Int? {
    guard let truncation = root["truncation"] else { return nil }
    if let direction = truncation["direction"], try direction.string() != "Right" {
      throw direction.unsupported("Right")
    }
    if let strategy = truncation["strategy"], try strategy.string() != "LongestFirst" {
      throw strategy.unsupported("LongestFirst")
    }
    return try truncation.required("max_length").count(from: 1)
  }

  private func template() throws -> SequenceTemplate? {
    guard let processor = root["post_processor"] else { return nil }
    let (type, part) = try alone(processor)
    switch type {
    case "ByteLevel": return nil  // It moves offsets, not tokens.
    case "BertProcessing":
      return .bert(begin: try number(part, "cls"), end: try number(part, "sep"))
    case "TemplateProcessing":
      let tokens = part["special_tokens"]
      return SequenceTemplate(
        single: try parts(part.required("single"), tokens),
        pair: try parts(part.required("pair"), tokens))
    default:
      throw processor.unsupported("TemplateProcessing, BertProcessing or ByteLevel")
    }
  }

  /// The number in a pair of a token and its number.
  private func number(_ processor: FileValue, _ name: String) throws -> Int {
    let pair = try processor.required(name).elements()
    guard pair.count == 2 else { throw processor.problem("'\(name)' is no pair") }
    return try pair[1].count()
  }

  private func parts(
    _ value: FileValue, _ special: FileValue?
  ) throws -> [SequenceTemplate.Part] {
    try value.elements().flatMap { part -> [SequenceTemplate.Part] in
      if let text = part["Sequence"] {
        let segment = try text["type_id"]?.count() ?? 0
        switch try text.required("id").string() {
        case "A": return [.first(segment: segment)]
        case "B": return [.second(segment: segment)]
        default: throw try text.required("id").unsupported("A or B")
        }
      }
      let token = try part.required("SpecialToken")
      let name = try token.required("id").string()
      guard let numbers = special?[name]?["ids"] else {
        throw token.problem("there is no '\(name)' in special_tokens")
      }
      let segment = try token["type_id"]?.count() ?? 0
      return try numbers.elements().map { .token(try $0.count(), segment: segment) }
    }
  }
}

extension SequenceTemplate {
  /// `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`.
  static func bert(begin: Int, end: Int) -> SequenceTemplate {
    let single: [Part] = [.token(begin, segment: 0), .first(segment: 0), .token(end, segment: 0)]
    return SequenceTemplate(
      single: single, pair: single + [.second(segment: 1), .token(end, segment: 1)])
  }
}

/// Throws for a text that is there twice.
func refuseRepeated(_ texts: [String], _ problem: (String) -> FormatError) throws {
  var known = ByteStringTable()
  for (number, text) in texts.enumerated() {
    guard text.withUTF8Bytes({ known.insert($0) }) == number else {
      throw problem("merge \(number), '\(text)', is there twice")
    }
  }
}
