extension InitializerKind {
  /// The kinds that no number goes with, by the word in the text form.
  private static let plain: [(word: String, kind: InitializerKind)] = [
    ("zeros", .zeros), ("ones", .ones), ("xavier_uniform", .xavierUniform),
    ("xavier_normal", .xavierNormal), ("he_uniform", .heUniform), ("he_normal", .heNormal),
    ("lecun_uniform", .lecunUniform), ("lecun_normal", .lecunNormal), ("orthogonal", .orthogonal),
  ]

  /// The words that stand for a kind alone: `zeros`, `he_normal`.
  public static var names: [String] { plain.map(\.word) }

  /// The kind of a name that needs no number, `he_normal`; nil when there is none.
  public init?(named name: String) {
    guard let (_, kind) = Self.plain.first(where: { $0.word == name }) else { return nil }
    self = kind
  }

  /// The word in the text form.
  public var word: String {
    switch self {
    case .uniform: "uniform"
    case .normal: "normal"
    case .truncatedNormal: "truncated_normal"
    case .orthogonalBlock: "orthogonal_block"
    case .zeros, .ones, .xavierUniform, .xavierNormal, .heUniform, .heNormal, .lecunUniform,
      .lecunNormal, .orthogonal:
      Self.plain.first { $0.kind == self }?.word ?? ""
    }
  }

  /// The numbers that go with the word: their attributes' names, and the text.
  var arguments: [(name: String, value: String)] {
    switch self {
    case .uniform(let bound): [("bound", "\(bound)")]
    case .normal(let deviation), .truncatedNormal(let deviation): [("deviation", "\(deviation)")]
    case .orthogonalBlock(let index, let count): [("block", "\(index)"), ("blocks", "\(count)")]
    case .zeros, .ones, .xavierUniform, .xavierNormal, .heUniform, .heNormal, .lecunUniform,
      .lecunNormal, .orthogonal:
      []
    }
  }

  /// Reads what a parameter's attributes say; zeros when they do not.
  init(_ attributes: AttributeReader) throws(TypeError) {
    guard attributes.has("init") else {
      self = .zeros
      return
    }
    switch try attributes.word("init") {
    case "uniform": self = .uniform(bound: Float(try attributes.number("bound")))
    case "normal": self = .normal(deviation: Float(try attributes.number("deviation")))
    case "truncated_normal":
      self = .truncatedNormal(deviation: Float(try attributes.number("deviation")))
    case "orthogonal_block":
      let (index, count) = (try attributes.integer("block"), try attributes.integer("blocks"))
      guard (0..<max(count, 0)).contains(index) else {
        throw TypeError("parameter: there is no block \(index) of \(count)")
      }
      self = .orthogonalBlock(index: index, count: count)
    case let word:
      guard let kind = InitializerKind(named: word) else {
        throw TypeError("parameter: no initializer is called '\(word)'")
      }
      self = kind
    }
  }
}
