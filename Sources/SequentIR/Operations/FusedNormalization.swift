/// Rows of the last axis brought to one scale (Ba et al., 2016; Zhang and Sennrich, 2019).
///
///     y = (x - mean(x)) / √(mean((x - mean(x))²) + ε) · weight + bias      layer_norm
///     y = x / √(mean(x²) + ε) · weight + bias                              rms_norm
///
/// Operands: x `[…, width]`, weight `[width]` and bias `[width]` where there are such.
///
///     %y = layer_norm %x, @w, @b {epsilon = 1e-05, weight = true, bias = true}
public struct FusedNormalization: OperationRule {
  public static let mnemonics = ["layer_norm", "rms_norm"]

  /// Whether the mean is taken away.
  public let isCentered: Bool
  /// What keeps the root away from zero.
  public let epsilon: Double
  /// Whether there is a weight.
  public let hasWeight: Bool
  /// Whether there is a bias.
  public let hasBias: Bool

  /// Creates a normalisation.
  public init(isCentered: Bool, epsilon: Double, hasWeight: Bool = false, hasBias: Bool = false) {
    self.isCentered = isCentered
    self.epsilon = epsilon
    self.hasWeight = hasWeight
    self.hasBias = hasBias
  }

  public var mnemonic: String { Self.mnemonics[isCentered ? 0 : 1] }

  public var attributes: [Attribute] {
    [Attribute("epsilon", .number(epsilon))]
      + (hasWeight ? [Attribute("weight", .flag(true))] : [])
      + (hasBias ? [Attribute("bias", .flag(true))] : [])
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .normalization(try read(isCentered: mnemonic == mnemonics[0], attributes))
  }

  static func read(
    isCentered: Bool, _ attributes: AttributeReader
  ) throws(TypeError) -> FusedNormalization {
    FusedNormalization(
      isCentered: isCentered, epsilon: try attributes.number("epsilon"),
      hasWeight: try attributes.flag("weight"), hasBias: try attributes.flag("bias"))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0), operands, of: mnemonic)
    try checkRows(operands[0])
    for vector in operands.dropFirst() { try check(vector, operands[0], "weight or bias") }
    return [operands[0]]
  }

  fileprivate func checkRows(_ x: TensorType) throws(TypeError) {
    try expect(.float32, x, "\(mnemonic): operand")
    guard x.rank >= 1 else { throw TypeError("\(mnemonic): operand has no axis") }
  }

  fileprivate func check(
    _ vector: TensorType, _ x: TensorType, _ name: String
  ) throws(TypeError) {
    let wanted = TensorType(.float32, Array(x.shape.suffix(1)))
    guard vector == wanted else {
      throw TypeError("\(mnemonic): \(name) is \(vector), expected \(wanted)")
    }
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    var result = operands[0]
    forEachRow(operands[0]) { row, x, scale in
      for (column, x) in x.enumerated() {
        let weight = hasWeight ? operands[1].values[column] : 1
        let bias = hasBias ? operands[operands.count - 1].values[column] : 0
        result.values[row + column] = x * scale * weight + bias
      }
    }
    return [result]
  }

  /// Calls `body` with where each row begins, the row, its mean taken away where it is, and 1 / √….
  func forEachRow(_ x: HostTensor, _ body: (Int, [Double], Double) -> Void) {
    let width = x.shape[x.shape.count - 1]
    for start in stride(from: 0, to: x.values.count, by: max(width, 1)) {
      var row = Array(x.values[start..<start + width])
      let mean = isCentered ? row.reduce(0, +) / Double(width) : 0
      row = row.map { $0 - mean }
      let variance = row.reduce(0) { $0 + $1 * $1 } / Double(width)
      body(start, row, 1 / (variance + epsilon).squareRoot())
    }
  }

  /// One kernel for x, weight and bias.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return node.operands.map { _ in nil } }
    let operands = [node.operands[0]] + (hasWeight ? [node.operands[1]] : []) + [dy]
    return try b.graph.append(
      .normalizationGradient(NormalizationGradient(of: self)), operands, origin: b.origin)
  }
}

/// The gradients of a normalisation: x, weight if there is one and dy to dx and, where there are such,
/// dweight and dbias.
///
/// With n the normalised row, s = 1 / √…, g = dy · weight:
///
///     dx = s · (g - mean(g) - n · mean(g · n)), without mean(g) for rms_norm
///     dweight = Σ dy · n      dbias = Σ dy      over all rows
public struct NormalizationGradient: OperationRule {
  public static let mnemonics = FusedNormalization.mnemonics.map { "\($0)_gradient" }

  /// The normalisation.
  public let forward: FusedNormalization

  /// Creates the gradient of a normalisation.
  public init(of forward: FusedNormalization) { self.forward = forward }

  public var mnemonic: String { Self.mnemonics[forward.isCentered ? 0 : 1] }

  public var attributes: [Attribute] { forward.attributes }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .normalizationGradient(
      NormalizationGradient(
        of: try FusedNormalization.read(isCentered: mnemonic == mnemonics[0], attributes)))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(forward.hasWeight ? 3 : 2, operands, of: mnemonic)
    let x = operands[0]
    try forward.checkRows(x)
    if forward.hasWeight { try forward.check(operands[1], x, "weight") }
    guard let dy = operands.last, dy == x else {
      throw TypeError("\(mnemonic): upstream is \(operands[operands.count - 1]), expected \(x)")
    }
    let vector = TensorType(.float32, Array(x.shape.suffix(1)))
    return [x] + (forward.hasWeight ? [vector] : []) + (forward.hasBias ? [vector] : [])
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (x, dy) = (operands[0], operands[operands.count - 1])
    let width = x.shape[x.shape.count - 1]
    var dx = x
    var weights = HostTensor(.float32, [width], repeating: 0)
    var biases = weights
    forward.forEachRow(x) { start, row, scale in
      let normalized = row.map { $0 * scale }
      let upstream = (0..<width).map { dy.values[start + $0] }
      let g = (0..<width).map { upstream[$0] * (forward.hasWeight ? operands[1].values[$0] : 1) }
      let mean = forward.isCentered ? g.reduce(0, +) / Double(width) : 0
      let slope = zip(g, normalized).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      for column in 0..<width {
        dx.values[start + column] = scale * (g[column] - mean - normalized[column] * slope)
        weights.values[column] += upstream[column] * normalized[column]
        biases.values[column] += upstream[column]
      }
    }
    return [dx] + (forward.hasWeight ? [weights] : []) + (forward.hasBias ? [biases] : [])
  }
}
