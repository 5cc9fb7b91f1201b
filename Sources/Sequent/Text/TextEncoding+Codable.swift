extension TextEncoding: Codable {
  private enum CodingKeys: CodingKey {
    case unit, vocabulary, unknown, isLowercased, merges, begin, end
    case wordPieces, beginsWithSpace, added, template, maximumLength
  }

  /// Encodes what there is: an encoding without word pieces or added tokens has no keys for them.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(unit, forKey: .unit)
    try container.encode(vocabulary, forKey: .vocabulary)
    try container.encodeIfPresent(unknown, forKey: .unknown)
    try container.encode(isLowercased, forKey: .isLowercased)
    try container.encodeIfPresent(merges, forKey: .merges)
    try container.encodeIfPresent(begin, forKey: .begin)
    try container.encodeIfPresent(end, forKey: .end)
    try container.encodeIfPresent(wordPieces, forKey: .wordPieces)
    if beginsWithSpace { try container.encode(true, forKey: .beginsWithSpace) }
    if !added.isEmpty { try container.encode(added, forKey: .added) }
    try container.encodeIfPresent(template, forKey: .template)
    try container.encodeIfPresent(maximumLength, forKey: .maximumLength)
  }

  /// Decodes an encoding, and checks what a file can have wrong.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      unit: try container.decode(Unit.self, forKey: .unit),
      vocabulary: try container.decode([String].self, forKey: .vocabulary),
      unknown: try container.decodeIfPresent(Int.self, forKey: .unknown),
      isLowercased: try container.decode(Bool.self, forKey: .isLowercased),
      merges: try container.decodeIfPresent([String].self, forKey: .merges),
      begin: try container.decodeIfPresent(Int.self, forKey: .begin),
      end: try container.decodeIfPresent(Int.self, forKey: .end),
      wordPieces: try container.decodeIfPresent(WordPieceRules.self, forKey: .wordPieces),
      beginsWithSpace: try container.decodeIfPresent(Bool.self, forKey: .beginsWithSpace) ?? false,
      added: try container.decodeIfPresent([AddedToken].self, forKey: .added) ?? [],
      template: try container.decodeIfPresent(SequenceTemplate.self, forKey: .template),
      maximumLength: try container.decodeIfPresent(Int.self, forKey: .maximumLength))
    if let (key, problem) = problem {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: problem)
    }
  }

  /// What is wrong with the encoding, if anything is.
  var fault: String? { problem?.reason }

  private var problem: (key: CodingKeys, reason: String)? {
    let numbers =
      [(CodingKeys.unknown, unknown), (.begin, begin), (.end, end)]
      + added.map { (.added, $0.number) } + (template?.tokens ?? []).map { (.template, $0) }
    for (key, number) in numbers {
      guard let number, !(0..<max(vocabulary.count, 1)).contains(number) else { continue }
      return (key, "token \(number) of a vocabulary of \(vocabulary.count)")
    }
    if unit != .bytePair, unknown == nil {
      return (.unknown, "an encoding by \(unit.rawValue) has no number for unknown tokens")
    }
    if let maximumLength, maximumLength < 1 {
      return (.maximumLength, "texts of at most \(maximumLength) tokens")
    }
    if unit == .bytePair, let reason = BytePairTable.problem(self) { return (.merges, reason) }
    return nil
  }
}
