/// Attention in one: scores, mask, softmax and the weighted sum, without the matrix of scores.
///
/// With g = h · keyHeads / heads, for head h, query i and key j of every row:
///
///     score[i, j]  = q[h, i, :] · k[g, j, :]                        attention
///                  = Σᵤ vector[u] · tanh(q[h, i, u] + k[g, j, u])   additive_attention
///     weights[i]   = softmax over j of scale · score[i, j], masked
///     output[i, :] = Σⱼ weights[i, j] · v[g, j, :]
///
/// Operands: q `[batch, heads, queries, width]`, k `[batch, keyHeads, keys, width]`, v `[batch,
/// keyHeads, keys, valueWidth]`; for additive scores the vector `[width]`; a mask that stretches to
/// `[batch, heads, queries, keys]`, as in `softmax`; lengths i32`[batch]`. Query i sees key j when
/// j < lengths, j ≤ i + causal, and the mask lets it. One that sees nothing gives zeros; NaN stays NaN.
/// Results: output `[batch, heads, queries, valueWidth]`; statistics `[batch, heads, queries, 2]`, each
/// query's largest score and the reciprocal of its sum of exponentials (0, 0 where it sees nothing),
/// for the gradient; with `weights` these, `[batch, heads, queries, keys]`.
///
/// With a table, k and v are what rows share, and the table says whose keys and values a row reads:
///
///     table = rows   k, v [sources, keyHeads, keys, …]   table i32[batch]         k[table[b], g, j]
///     table = keys   k, v [1, keyHeads, slots, …]        table i32[batch, keys]   k[0, g, table[b, j]]
///
///     %y, %s = attention %q, %k, %v, %lengths {scale = 0.125, causal = past, lengths = true}
///     %y, %s = attention %q, %k, %v, %lengths, %table {lengths = true, table = keys}
public struct FusedAttention: OperationRule {
  public static let mnemonics = ["attention", "additive_attention"]

  /// Whether scores are additive.
  public let isAdditive: Bool
  /// What scores are multiplied by.
  public let scale: Double
  /// How far behind its own position a query sees; nil if it sees everything.
  public let causal: Dimension?
  /// How the mask masks.
  public let mask: FusedSoftmax.Mask
  /// Whether rows have lengths.
  public let hasLengths: Bool
  /// How rows find their keys and values.
  public let table: Table
  /// Whether the weights are a result.
  public let givesWeights: Bool

  /// Whether keys and values are found through a table.
  public enum Table: String, Hashable, Sendable, CaseIterable {
    /// Every row has its own.
    case none
    /// A row has those of a source.
    case rows
    /// Every key of a row has a slot.
    case keys
  }

  /// Creates an attention.
  public init(
    isAdditive: Bool = false, scale: Double = 1, causal: Dimension? = nil,
    mask: FusedSoftmax.Mask = .none, hasLengths: Bool = false, table: Table = .none,
    givesWeights: Bool = false
  ) {
    self.isAdditive = isAdditive
    self.scale = scale
    self.causal = causal
    self.mask = mask
    self.hasLengths = hasLengths
    self.table = table
    self.givesWeights = givesWeights
  }

  public var mnemonic: String { Self.mnemonics[isAdditive ? 1 : 0] }

  public var attributes: [Attribute] {
    (scale == 1 ? [] : [Attribute("scale", .number(scale))])
      + (causal.map { [Attribute("causal", .dimension($0))] } ?? [])
      + (mask == .none ? [] : [Attribute("mask", .word(mask.rawValue))])
      + (hasLengths ? [Attribute("lengths", .flag(true))] : [])
      + (table == .none ? [] : [Attribute("table", .word(table.rawValue))])
      + (givesWeights ? [Attribute("weights", .flag(true))] : [])
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .attention(try FusedAttention(isAdditive: mnemonic == mnemonics[1], attributes))
  }

  /// Reads the attributes.
  init(isAdditive: Bool, _ attributes: AttributeReader) throws(TypeError) {
    self.init(
      isAdditive: isAdditive,
      scale: attributes.has("scale") ? try attributes.number("scale") : 1,
      causal: attributes.has("causal") ? try attributes.dimension("causal") : nil,
      mask: attributes.has("mask") ? try attributes.word("mask") : .none,
      hasLengths: try attributes.flag("lengths"),
      table: attributes.has("table") ? try attributes.word("table") : .none,
      givesWeights: try attributes.flag("weights"))
  }

  /// The operands by what they are.
  public struct Operands<Element> {
    public var q, k, v: Element
    public var vector, mask, lengths, table: Element?
  }

  /// How many operands there are.
  public var operandCount: Int {
    3 + (isAdditive ? 1 : 0) + (mask == .none ? 0 : 1) + (hasLengths ? 1 : 0)
      + (table == .none ? 0 : 1)
  }

  /// Sorts operands.
  public func sorted<Element>(_ operands: [Element]) -> Operands<Element> {
    var rest = operands.dropFirst(3)
    return Operands(
      q: operands[0], k: operands[1], v: operands[2],
      vector: isAdditive ? rest.popFirst() : nil, mask: mask == .none ? nil : rest.popFirst(),
      lengths: hasLengths ? rest.popFirst() : nil, table: table == .none ? nil : rest.popFirst())
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(operandCount, operands, of: mnemonic)
    let operands = sorted(operands)
    for (name, type) in [("q", operands.q), ("k", operands.k), ("v", operands.v)] {
      try expect(.float32, type, "\(mnemonic): \(name)")
      guard type.rank == 4 else {
        throw TypeError("\(mnemonic): \(name) is \(type), expected 4 axes")
      }
    }
    let (q, k, v) = (operands.q.shape, operands.k.shape, operands.v.shape)
    guard table != .none || k[0] == q[0], k[3] == q[3] else {
      throw TypeError("\(mnemonic): q is \(operands.q), k is \(operands.k): batch and width differ")
    }
    guard Array(k.prefix(3)) == Array(v.prefix(3)) else {
      throw TypeError("\(mnemonic): k is \(operands.k), v is \(operands.v): keys differ")
    }
    guard Self.divides(k[1], q[1]) else {
      throw TypeError("\(mnemonic): \(q[1]) heads of q do not share \(k[1]) heads of k")
    }
    let keys = try keyCount(operands)
    if let vector = operands.vector { try require(TensorType(.float32, [q[3]]), vector, "vector") }
    if let lengths = operands.lengths {
      try require(TensorType(.int32, [q[0]]), lengths, "lengths")
    }
    let weights = [q[0], q[1], q[2], keys]
    if let mask = operands.mask {
      try expect(
        self.mask == .select ? .bool : .float32, mask, "\(mnemonic): mask")
      guard try broadcastShape(weights, mask.shape, of: mnemonic) == weights else {
        throw TypeError("\(mnemonic): mask \(mask) does not stretch to \(shapeText(weights))")
      }
    }
    return [[q[0], q[1], q[2], v[3]], [q[0], q[1], q[2], 2]].map { TensorType(.float32, $0) }
      + (givesWeights ? [TensorType(.float32, weights)] : [])
  }

  /// How many keys a row has at most.
  private func keyCount(_ operands: Operands<TensorType>) throws(TypeError) -> Dimension {
    let (batch, k) = (operands.q.shape[0], operands.k.shape)
    guard let table = operands.table else { return k[2] }
    if self.table == .rows {
      try require(TensorType(.int32, [batch]), table, "table")
      return k[2]
    }
    guard k[0] == 1 else {
      throw TypeError("\(mnemonic): k is \(operands.k), expected [1, heads, slots, width]")
    }
    guard table.rank == 2 else {
      throw TypeError("\(mnemonic): table is \(table), expected i32[\(batch), keys]")
    }
    try require(TensorType(.int32, [batch, table.shape[1]]), table, "table")
    return table.shape[1]
  }

  private static func divides(_ part: Dimension, _ whole: Dimension) -> Bool {
    if part == whole { return true }
    guard let part = part.staticSize, let whole = whole.staticSize, part > 0 else { return false }
    return whole % part == 0
  }

  private func require(
    _ wanted: TensorType, _ type: TensorType, _ name: String
  ) throws(TypeError) {
    guard type == wanted else {
      throw TypeError("\(mnemonic): \(name) is \(type), expected \(wanted)")
    }
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let attention = try AttentionEvaluation(self, operands, bindings)
    let (q, k) = (operands[0].shape, attention.operands.k.shape)
    let v = attention.operands.v
    var output = HostTensor(.float32, [q[0], q[1], q[2], v.shape[3]], repeating: 0)
    var statistics = HostTensor(.float32, [q[0], q[1], q[2], 2], repeating: 0)
    var weights = HostTensor(.float32, [q[0], q[1], q[2], k[2]], repeating: 0)
    attention.forEachQuery { b, h, i in
      let query = attention.query(b, h, i)
      (statistics[[b, h, i, 0]], statistics[[b, h, i, 1]]) = (query.largest, query.factor)
      for (j, weight) in query.weights.enumerated() {
        weights[[b, h, i, j]] = weight
        guard attention.sees(b, i, j) else { continue }
        for u in 0..<v.shape[3] {
          output[[b, h, i, u]] += weight * v[[b, attention.keyHead(h), j, u]]
        }
      }
    }
    return [output, statistics] + (givesWeights ? [weights] : [])
  }
}

// MARK: - Gradient

extension FusedAttention {
  /// One kernel for the whole way back; one more for the weights, if the loss depends on them.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard table == .none else {
      throw TypeError(
        "\(mnemonic): what is read through a table has no gradient: disable fuse-attention-gather")
    }
    guard upstream[1] == nil else {
      throw TypeError("\(mnemonic): the loss depends on its statistics, which have no gradient")
    }
    var gradients: [Value?] = node.operands.map { _ in nil }
    if let dy = upstream[0] {
      let results = try gradient(node.operands, node.results[0], node.results[1], dy, &b)
      for (index, result) in results.enumerated() { gradients[index] = result }
    }
    if let dWeights = upstream.dropFirst(2).first, let dWeights {
      // weights = weights · identity: an attention whose values are the identity.
      var operands = node.operands
      operands[2] = try identity(of: b.type(of: operands[1]), &b)
      let results = try gradient(operands, node.results[2], node.results[1], dWeights, &b)
      for (index, result) in results.enumerated() where index != 2 {
        gradients[index] = try b.sum(gradients[index], result)
      }
    }
    return gradients
  }

  private func gradient(
    _ operands: [Value], _ output: Value, _ statistics: Value, _ dy: Value,
    _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value] {
    try b.graph.append(
      .attentionGradient(FusedAttentionGradient(of: self)), operands + [output, statistics, dy],
      origin: b.origin)
  }

  /// `[batch, keyHeads, keys, keys]`, 1 where both keys are the same.
  private func identity(
    of keys: TensorType, _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    let square = [keys.shape[2], keys.shape[2]]
    let row = try b.emit(.iota(Iota(shape: square, axis: 0)))
    let column = try b.emit(.iota(Iota(shape: square, axis: 1)))
    let isSame = try b.emit(.cast(Cast(.float32)), b.emit(.compare(.equal), row, column))
    return try b.emit(.broadcast(Broadcast(keys.shape.prefix(2) + square)), isSame)
  }
}
