import SequentIR

extension Kernel {
  /// Attention.
  ///
  /// Inputs: q, k, v `[batch, heads, time, width]` with unit columns; the vector, the mask stretched to
  /// `[batch, heads, queries, keys]`, checked lengths and the table, where there are such. Outputs: y,
  /// statistics, the weights if they are wanted.
  public struct Attention: Hashable, Sendable {
    public var isAdditive: Bool
    public var scale: Double
    /// How far behind its own position a query sees.
    public var offset: Int?
    public var mask: FusedSoftmax.Mask
    public var hasLengths: Bool
    public var table: FusedAttention.Table

    /// How many inputs the forward kernel has.
    public var inputCount: Int {
      3 + (isAdditive ? 1 : 0) + (mask == .none ? 0 : 1) + (hasLengths ? 1 : 0)
        + (table == .none ? 0 : 1)
    }

    /// Where the mask is among the inputs.
    public var maskPosition: Int { isAdditive ? 4 : 3 }
  }
}

extension Lowerer {
  /// Heads may lie behind time: transposes before and after are other views.
  mutating func attention(
    _ attention: FusedAttention, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    let (kernel, inputs) = try inputs(of: attention, operands)
    let outputs =
      [try allocate(shapes[0], like: inputs[0])]
      + (try shapes.dropFirst().map { try allocate(.float32, $0) })
    emit(.attention(kernel), inputs, into: outputs)
    return outputs
  }

  mutating func attentionGradient(
    _ gradient: FusedAttentionGradient, _ operands: [View]
  ) throws -> [View] {
    let forward = gradient.forward
    var (kernel, inputs) = try inputs(of: forward, Array(operands.prefix(forward.operandCount)))
    let rest = operands.suffix(3)
    inputs += [try unitColumns(rest[rest.startIndex]), try dense(rest[rest.startIndex + 1])]
    inputs.append(try unitColumns(rest[rest.startIndex + 2]))
    var outputs = try inputs.prefix(3).map { try allocate($0.shape, like: $0) }
    if forward.isAdditive { outputs.append(try allocate(.float32, inputs[3].shape)) }
    kernel.hasLengths = forward.hasLengths
    emit(.attentionGradient(kernel), inputs, into: outputs)
    return outputs
  }

  private mutating func inputs(
    of attention: FusedAttention, _ operands: [View]
  ) throws -> (Kernel.Attention, [View]) {
    let sorted = attention.sorted(operands)
    var inputs = try [sorted.q, sorted.k, sorted.v].map { try unitColumns($0) }
    let keys = attention.table == .keys ? sorted.table?.shape[1] : nil
    let scores = Array(sorted.q.shape.prefix(3)) + [keys ?? sorted.k.shape[2]]
    if let vector = sorted.vector { inputs.append(try dense(vector)) }
    if let mask = sorted.mask { inputs.append(mask.broadcast(to: scores)) }
    if let lengths = sorted.lengths {
      inputs.append(try checkedLengths(lengths, limit: scores[3]))
    }
    if let table = sorted.table { inputs.append(try dense(table)) }
    let kernel = Kernel.Attention(
      isAdditive: attention.isAdditive, scale: attention.scale,
      offset: try attention.causal?.size(bindings), mask: attention.mask,
      hasLengths: attention.hasLengths, table: attention.table)
    return (kernel, inputs)
  }

  private mutating func unitColumns(_ view: View) throws -> View {
    view.hasUnitColumns && view.strides.allSatisfy { $0 >= 0 } ? view : try dense(view)
  }

  /// A tensor `[batch, heads, time, width]` with heads behind time, if `example` has them there.
  private mutating func allocate(_ shape: [Int], like example: View) throws -> View {
    guard example.shape[1] > 1, example.strides[1] < example.strides[2] else {
      return try allocate(.float32, shape)
    }
    return try allocate(.float32, [shape[0], shape[2], shape[1], shape[3]])
      .transposed([0, 2, 1, 3])
  }
}

extension Instruction {
  /// Tensors `[batch, heads, time, width]` lie in rows, all else is dense.
  func takesItsViews(_ attention: Kernel.Attention) -> Bool {
    let mask = attention.mask == .none ? nil : attention.maskPosition
    let rows: (View) -> Bool = { $0.hasUnitColumns && $0.strides.allSatisfy { $0 >= 0 } }
    let isForward = inputs.count == attention.inputCount
    for (position, view) in inputs.enumerated() where position != mask {
      let isTensor = position < 3 || position == inputs.count - 1 || position == inputs.count - 3
      guard isTensor && (position < 3 || !isForward) ? rows(view) : view.isDense else {
        return false
      }
    }
    for (position, view) in outputs.enumerated() {
      let isTensor = isForward ? position == 0 : position < 3
      guard isTensor ? rows(view) && !view.repeatsElements : view.isDense else { return false }
    }
    return true
  }

  /// Two products of queries and keys.
  func attentionFlops(_ attention: Kernel.Attention) -> Double {
    let (q, k, v) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
    let keys = attention.table == .keys ? inputs[attention.inputCount - 1].shape[1] : k[2]
    let scores = Double(q[0] * q[1] * q[2]) * Double(keys)
    let score = attention.isAdditive ? 22 * Double(q[3]) : 2 * Double(q[3])
    return scores * (score + 2 * Double(v[3]) + 24) * (attention.offset == nil ? 1 : 0.5)
  }
}
