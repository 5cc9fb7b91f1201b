/// A sum of embeddings, normalised: what a Transformer knows of a token before its first layer.
///
///     sum[…, :] = Σᵢ scaleᵢ · (tableᵢ[indicesᵢ[…], :]  or  rowsᵢ[…, :])
///     y = layer_norm or rms_norm of sum, with weight and bias
///
/// Operands: for every term, in order, a table `[count, width]` and i32 indices `[…]` if it looks up,
/// else rows `[…, width]`; then the normalisation's weight and bias `[width]`, where there are such.
/// Terms repeat along the leading axes that they lack, or that are 1 there: positions `[time]` with
/// tokens `[batch, time]`, rows `[1, width]` with both. Results: y, then the sum if it is a result too;
/// the sum alone without a normalisation. NaN stays in its row; an index that is no row of its table
/// is an error.
///
///     %y, %s = embedding @e, %t, %r {lookups = [true, false], norm = rms_norm, epsilon = 0, sum = true}
public struct FusedEmbedding: OperationRule {
  public static let mnemonics = ["embedding"]
  /// How many terms there are at most.
  public static let termLimit = 8

  /// One addend.
  public struct Term: Hashable, Sendable {
    /// Whether it is rows of a table, by indices.
    public let isLookup: Bool
    /// What it is multiplied by.
    public let scale: Double

    /// Creates a term.
    public init(isLookup: Bool, scale: Double = 1) {
      self.isLookup = isLookup
      self.scale = scale
    }
  }

  /// The addends, in order.
  public let terms: [Term]
  /// How the sum is normalised; nil if it is not.
  public let norm: FusedNormalization?
  /// Whether the sum is a result beside what is normalised.
  public let keepsSum: Bool

  /// Creates a sum of embeddings.
  public init(terms: [Term], norm: FusedNormalization? = nil, keepsSum: Bool = false) {
    self.terms = terms
    self.norm = norm
    self.keepsSum = norm != nil && keepsSum
  }

  public var attributes: [Attribute] {
    [Attribute("lookups", .list(terms.map { .flag($0.isLookup) }))]
      + (terms.allSatisfy { $0.scale == 1 }
        ? [] : [Attribute("scales", .list(terms.map { .number($0.scale) }))])
      + (norm.map { [Attribute("norm", .word($0.mnemonic))] + $0.attributes } ?? [])
      + (keepsSum ? [Attribute("sum", .flag(true))] : [])
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    let lookups = try attributes.flags("lookups")
    let scales =
      attributes.has("scales")
      ? try attributes.numbers("scales") : Array(repeating: 1, count: lookups.count)
    guard scales.count == lookups.count else {
      throw TypeError("\(mnemonic): \(lookups.count) lookups and \(scales.count) scales differ")
    }
    var norm: FusedNormalization?
    if attributes.has("norm") {
      let word = try attributes.word("norm")
      guard let kind = FusedNormalization.mnemonics.firstIndex(of: word) else {
        let known = FusedNormalization.mnemonics.joined(separator: ", ")
        throw TypeError("\(mnemonic): attribute 'norm' must be one of \(known)")
      }
      norm = try FusedNormalization.read(isCentered: kind == 0, attributes)
    }
    let keepsSum = try attributes.flag("sum")
    guard norm != nil || !keepsSum else {
      throw TypeError("\(mnemonic): a sum that is not normalised is the only result")
    }
    return .embedding(
      FusedEmbedding(
        terms: zip(lookups, scales).map { Term(isLookup: $0, scale: $1) }, norm: norm,
        keepsSum: keepsSum))
  }

  /// The operands by what they are.
  public struct Operands<Element> {
    /// For every term a table and its indices, or rows.
    public var terms: [(source: Element, indices: Element?)]
    /// The normalisation's weight and bias, where there are such.
    public var vectors: [Element]
  }

  /// How many operands the terms have.
  private var termOperandCount: Int { terms.reduce(0) { $0 + ($1.isLookup ? 2 : 1) } }

  /// Sorts operands.
  public func sorted<Element>(_ operands: [Element]) -> Operands<Element> {
    var rest = operands[...]
    let sources = terms.map { term in
      (source: rest.removeFirst(), indices: term.isLookup ? rest.removeFirst() : nil)
    }
    return Operands(terms: sources, vectors: Array(rest))
  }

  // MARK: - Types

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    guard !terms.isEmpty, terms.count <= Self.termLimit else {
      throw TypeError("\(mnemonic): \(terms.count) terms, expected 1 to \(Self.termLimit)")
    }
    let vectorCount = norm.map { ($0.hasWeight ? 1 : 0) + ($0.hasBias ? 1 : 0) } ?? 0
    try expect(termOperandCount + vectorCount, operands, of: mnemonic)
    let operands = sorted(operands)
    var types: [TensorType] = []
    for (index, term) in operands.terms.enumerated() {
      types.append(try Self.type(of: term, "\(mnemonic): term \(index)"))
    }
    var shape = types[0].shape
    for (index, type) in types.enumerated() {
      shape = try broadcastShape(shape, type.shape, of: "\(mnemonic): terms 0 to \(index)")
    }
    let sum = TensorType(.float32, shape)
    for (index, type) in types.enumerated() where !Self.repeats(type, along: sum) {
      throw TypeError(
        "\(mnemonic): term \(index) is \(type), which does not repeat along the leading axes of "
          + "\(sum)")
    }
    guard let norm else { return [sum] }
    return try norm.resultTypes([sum] + operands.vectors) + (keepsSum ? [sum] : [])
  }

  /// The type of what a term adds.
  private static func type(
    of term: (source: TensorType, indices: TensorType?), _ name: String
  ) throws(TypeError) -> TensorType {
    guard let indices = term.indices else {
      try expect(.float32, term.source, name)
      guard term.source.rank >= 1 else { throw TypeError("\(name) has no axis") }
      return term.source
    }
    try expect(.float32, term.source, "\(name): table")
    try expect(.int32, indices, "\(name): indices")
    guard term.source.rank == 2 else {
      throw TypeError("\(name): table is \(term.source), expected [rows, width]")
    }
    return TensorType(.float32, indices.shape + [term.source.shape[1]])
  }

  /// Whether a term of rows is, over and over, what a sum has along its leading axes.
  public static func repeats(_ term: TensorType, along sum: TensorType) -> Bool {
    let shape = term.shape.dropLast().drop { $0 == 1 } + term.shape.suffix(1)
    return Array(shape) == Array(sum.shape.suffix(shape.count))
  }

  // MARK: - Meaning

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let operands = sorted(operands)
    var sum: HostTensor?
    for (term, (source, indices)) in zip(terms, operands.terms) {
      var rows = try indices.map { try Gather().evaluate([source, $0], bindings)[0] } ?? source
      for index in rows.values.indices { rows.values[index] *= term.scale }
      sum = try sum.map { try Binary.add.evaluate([$0, rows], bindings)[0] } ?? rows
    }
    guard let sum else { return [] }
    guard let norm else { return [sum] }
    return try norm.evaluate([sum] + operands.vectors, bindings) + (keepsSum ? [sum] : [])
  }

  // MARK: - Gradient

  /// That of the normalisation, from a sum that is added up again if it was not kept; then every term's
  /// share, a table's added up by its indices.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    let operands = sorted(node.operands)
    var slope = norm == nil || keepsSum ? upstream[upstream.count - 1] : nil
    var vectors: [Value?] = operands.vectors.map { _ in nil }
    if let norm, let dy = upstream[0] {
      let sum =
        try keepsSum
        ? node.results[1]
        : b.graph.append(
          .embedding(FusedEmbedding(terms: terms)),
          Array(node.operands.prefix(termOperandCount)), origin: b.origin)[0]
      let weight = norm.hasWeight ? [operands.vectors[0]] : []
      let gradients = try b.graph.append(
        .normalizationGradient(NormalizationGradient(of: norm)), [sum] + weight + [dy],
        origin: b.origin)
      slope = try b.sum(slope, gradients[0])
      vectors = Array(gradients.dropFirst())
    }
    guard let slope else { return node.operands.map { _ in nil } }
    var result: [Value?] = []
    for (term, (source, indices)) in zip(terms, operands.terms) {
      let scaled = try b.multiply(slope, term.scale)
      let type = try Self.type(
        of: (b.type(of: source), indices.map { b.type(of: $0) }), mnemonic)
      let rows = try b.unbroadcast(scaled, to: type)
      if let indices {
        result += [try Gather.gradient(of: source, indices, rows, &b), nil]
      } else {
        result.append(rows)
      }
    }
    return result + vectors
  }
}
