/// The negative log-likelihood of labels under logits, `[…, classes]` and i32 `[…]` to `[…]`.
///
/// With p = softmax(x), y the label, ε the smoothing and C the classes:
/// loss = -(1 - ε)·log p[y] - ε/C · Σ log p[c]. A position whose label is `ignored` has loss 0.
public struct FusedCrossEntropy: OperationRule {
  public static let mnemonics = ["cross_entropy"]

  /// The share of the target that is spread over all classes (Szegedy et al., 2016).
  public let smoothing: Double
  /// The label of positions that do not count.
  public let ignored: Int?

  /// Creates a loss.
  public init(smoothing: Double = 0, ignored: Int? = nil) {
    self.smoothing = smoothing
    self.ignored = ignored
  }

  public var attributes: [Attribute] {
    (smoothing == 0 ? [] : [Attribute("smoothing", .number(smoothing))])
      + (ignored.map { [Attribute("ignored", .integer($0))] } ?? [])
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .crossEntropy(try read(attributes)) }

  static func read(_ attributes: AttributeReader) throws(TypeError) -> FusedCrossEntropy {
    FusedCrossEntropy(
      smoothing: attributes.has("smoothing") ? try attributes.number("smoothing") : 0,
      ignored: attributes.has("ignored") ? try attributes.integer("ignored") : nil)
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(2, operands, of: mnemonic)
    return [TensorType(.float32, try labelShape(operands))]
  }

  func labelShape(_ operands: [TensorType]) throws(TypeError) -> [Dimension] {
    try expect(.float32, operands[0], "cross_entropy: logits")
    try expect(.int32, operands[1], "cross_entropy: labels")
    guard operands[0].rank >= 1, Array(operands[0].shape.dropLast()) == operands[1].shape else {
      throw TypeError("cross_entropy: labels \(operands[1]) do not go with logits \(operands[0])")
    }
    return operands[1].shape
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var values: [Double] = []
    try forEachPosition(operands) { _, logits, label in
      guard let label else { return values.append(0) }
      let target = logits[label] * (1 - smoothing)
      values.append(-target - smoothing * logits.reduce(0, +) / Double(logits.count))
    }
    return [HostTensor(.float32, operands[1].shape, values)]
  }

  /// Calls `body` with every position, its log-probabilities and its label, nil if it is ignored.
  func forEachPosition(
    _ operands: [HostTensor], _ body: (Int, [Double], Int?) throws -> Void
  ) throws {
    let classes = operands[0].shape[operands[0].shape.count - 1]
    for (position, value) in operands[1].values.enumerated() {
      let label = Int(value)
      let row = operands[0].values[position * classes..<(position + 1) * classes]
      let largest = row.reduce(-.infinity, Binary.maximum.value)
      let sum = row.reduce(0) { $0 + Mathematics.exp($1 - largest) }
      let logarithms = row.map { $0 - largest - Mathematics.log(sum) }
      guard label == ignored || (0..<classes).contains(label) else {
        throw EvaluationError(
          "cross_entropy: label \(label) at position \(position) is not one of \(classes) classes")
      }
      try body(position, logarithms, label == ignored ? nil : label)
    }
  }

  /// dx = dloss · (p - target).
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let upstream = upstream[0] else { return [nil, nil] }
    let operation = CrossEntropyGradient(of: self)
    return [
      try b.emit(
        .crossEntropyGradient(operation), node.operands[0], node.operands[1], upstream), nil,
    ]
  }
}

/// The gradient of `cross_entropy`: logits, labels and dloss `[…]` to dlogits `[…, classes]`.
///
/// dx[c] = dloss · (p[c] - (1 - ε)·[c = y] - ε/C); zeros where the label is `ignored`.
public struct CrossEntropyGradient: OperationRule {
  public static let mnemonics = ["cross_entropy_gradient"]

  /// The loss whose gradient this is.
  public let forward: FusedCrossEntropy

  /// Creates the gradient of a loss.
  public init(of forward: FusedCrossEntropy) { self.forward = forward }

  public var attributes: [Attribute] { forward.attributes }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .crossEntropyGradient(CrossEntropyGradient(of: try FusedCrossEntropy.read(attributes)))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(3, operands, of: mnemonic)
    let shape = try forward.labelShape(operands)
    guard operands[2] == TensorType(.float32, shape) else {
      throw TypeError(
        "cross_entropy_gradient: upstream is \(operands[2]), expected "
          + "\(TensorType(.float32, shape))")
    }
    return [operands[0]]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var values: [Double] = []
    try forward.forEachPosition(operands) { position, logarithms, label in
      let upstream = operands[2].values[position]
      for (index, logarithm) in logarithms.enumerated() {
        let target =
          forward.smoothing / Double(logarithms.count)
          + (index == label ? 1 - forward.smoothing : 0)
        values.append(label == nil ? 0 : upstream * (Mathematics.exp(logarithm) - target))
      }
    }
    return [HostTensor(.float32, operands[0].shape, values)]
  }
}
