/// Softmax over the last axis with what precedes it: `y = softmax(scale · x + mask)`.
///
/// The mask is added (f32) or selects (bool: where false the weight is zero); it stretches as in
/// elementwise operations. A row that is masked whole gives zeros; NaN stays NaN.
public struct FusedSoftmax: OperationRule {
  /// How the second operand masks.
  public enum Mask: String, Hashable, Sendable, CaseIterable {
    case none, additive, select
  }

  public static let mnemonics = ["softmax"]

  /// What x is multiplied by.
  public let scale: Double
  /// How the second operand masks.
  public let mask: Mask

  /// Creates a softmax.
  public init(scale: Double = 1, mask: Mask = .none) {
    self.scale = scale
    self.mask = mask
  }

  public var attributes: [Attribute] {
    (scale == 1 ? [] : [Attribute("scale", .number(scale))])
      + (mask == .none ? [] : [Attribute("mask", .word(mask.rawValue))])
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .softmax(
      FusedSoftmax(
        scale: attributes.has("scale") ? try attributes.number("scale") : 1,
        mask: attributes.has("mask") ? try attributes.word("mask") : .none))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(mask == .none ? 1 : 2, operands, of: mnemonic)
    try expect(.float32, operands[0], "softmax: operand")
    guard operands[0].rank >= 1 else { throw TypeError("softmax: operand has no axis") }
    if mask != .none {
      try expect(mask == .select ? .bool : .float32, operands[1], "softmax: mask")
      let shape = try broadcastShape(operands[0].shape, operands[1].shape, of: mnemonic)
      guard shape == operands[0].shape else {
        throw TypeError("softmax: mask \(operands[1]) does not stretch to \(operands[0])")
      }
    }
    return [operands[0]]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let x = operands[0]
    var result = HostTensor(.float32, x.shape) { index in
      let value = scale * x[index]
      switch mask {
      case .none: return value
      case .additive: return value + operands[1].broadcast(index)
      case .select: return operands[1].broadcast(index) != 0 ? value : -.infinity
      }
    }
    let width = x.shape[x.shape.count - 1]
    for start in stride(from: 0, to: result.values.count, by: max(width, 1)) {
      let row = result.values[start..<start + width]
      let largest = row.reduce(-.infinity, Binary.maximum.value)
      let weights = row.map { largest == -.infinity ? 0 : Mathematics.exp($0 - largest) }
      let sum = weights.reduce(0, +)
      for (offset, weight) in weights.enumerated() {
        result.values[start + offset] = sum == 0 ? 0 : weight / sum
      }
    }
    return [result]
  }
}

// MARK: - Gradient

extension FusedSoftmax {
  /// dx = scale · s with s = y · (dy - Σ y·dy), and s for an added mask; masked rows have y = 0.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return node.operands.map { _ in nil } }
    let y = node.results[0]
    let last = b.type(of: y).rank - 1
    let sum = try b.emit(
      .reduce(Reduce(.sum, axes: [last], keepsAxes: true)), b.multiply(y, dy))
    let slope = try b.multiply(y, b.emit(.binary(.subtract), dy, sum))
    let dx = try b.multiply(slope, scale)
    switch mask {
    case .none: return [dx]
    case .select: return [dx, nil]
    case .additive: return [dx, try b.unbroadcast(slope, to: b.type(of: node.operands[1]))]
    }
  }
}
