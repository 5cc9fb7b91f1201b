/// The gradient of `attention` and `additive_attention`, without the matrix of scores.
///
/// Operands: those of the forward operation, its output and statistics, and the output's gradient dy.
/// Results: the gradients of q, k, v and, for additive scores, of the vector. A mask has none.
///
///     delta[i] = Σ output[i] · dy[i]        ds[i, j] = scale · weights[i, j] · (v[j] · dy[i] - delta[i])
///     dv[j] = Σᵢ weights[i, j] · dy[i]      dq[i] = Σⱼ ds[i, j] · k[j]      dk[j] = Σᵢ ds[i, j] · q[i]
///
/// and for t = tanh(q[i] + k[j]) of additive scores: e = ds[i, j] · vector · (1 - t²), dq[i] = Σⱼ e,
/// dk[j] = Σᵢ e, dvector = Σ ds[i, j] · t. Heads that share keys add up.
public struct FusedAttentionGradient: OperationRule {
  public static let mnemonics = FusedAttention.mnemonics.map { "\($0)_gradient" }

  /// The operation whose gradient this is; it gives no weights and has no table.
  public let forward: FusedAttention

  /// Creates the gradient of an operation.
  public init(of forward: FusedAttention) {
    self.forward = FusedAttention(
      isAdditive: forward.isAdditive, scale: forward.scale, causal: forward.causal,
      mask: forward.mask, hasLengths: forward.hasLengths)
  }

  public var mnemonic: String { Self.mnemonics[forward.isAdditive ? 1 : 0] }

  public var attributes: [Attribute] { forward.attributes }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    let forward = try FusedAttention(isAdditive: mnemonic == mnemonics[1], attributes)
    guard !forward.givesWeights else { throw TypeError("\(mnemonic) gives no weights") }
    guard forward.table == .none else { throw TypeError("\(mnemonic) reads through no table") }
    return .attentionGradient(FusedAttentionGradient(of: forward))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(forward.operandCount + 3, operands, of: mnemonic)
    let results = try forward.resultTypes(Array(operands.prefix(forward.operandCount)))
    for (given, wanted) in zip(operands.suffix(3), [results[0], results[1], results[0]])
    where given != wanted {
      throw TypeError("\(mnemonic): operand is \(given), expected \(wanted)")
    }
    return Array(operands.prefix(forward.isAdditive ? 4 : 3))
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let attention = try AttentionEvaluation(
      forward, Array(operands.prefix(forward.operandCount)), bindings)
    let (q, k, v) = (operands[0], operands[1], operands[2])
    let dy = operands[operands.count - 1]
    var results = operands.prefix(forward.isAdditive ? 4 : 3).map {
      HostTensor(.float32, $0.shape, repeating: 0)
    }
    attention.forEachQuery { b, h, i in
      let (g, weights) = (attention.keyHead(h), attention.query(b, h, i).weights)
      let seen = weights.indices.filter { attention.sees(b, i, $0) }
      let slopes = weights.indices.map { j in
        (0..<v.shape[3]).reduce(0) { $0 + v[[b, g, j, $1]] * dy[[b, h, i, $1]] }
      }
      let delta = seen.reduce(0) { $0 + weights[$1] * slopes[$1] }
      for j in seen {
        for u in 0..<v.shape[3] { results[2][[b, g, j, u]] += weights[j] * dy[[b, h, i, u]] }
        let ds = forward.scale * weights[j] * (slopes[j] - delta)
        for u in 0..<q.shape[3] {
          if forward.isAdditive {
            let t = Mathematics.tanh(attention.sum(b, h, i, j, u))
            let e = ds * operands[3].values[u] * (1 - t * t)
            results[0][[b, h, i, u]] += e
            results[1][[b, g, j, u]] += e
            results[3].values[u] += ds * t
          } else {
            results[0][[b, h, i, u]] += ds * k[[b, g, j, u]]
            results[1][[b, g, j, u]] += ds * q[[b, h, i, u]]
          }
        }
      }
    }
    return results
  }
}
