/// Uniform numbers in [0, 1) as a function of a seed: `%u = random_uniform %seed {shape = …, stream = 3}`.
///
/// Element i is `hash(i + hash(seed + hash(stream)))`, its upper 24 bits over 2²⁴: the same
/// whatever the threads, and for a seed that is counted up with the steps a fresh draw every step.
public struct RandomUniform: OperationRule {
  public static let mnemonics = ["random_uniform"]

  /// The shape.
  public let shape: [Dimension]
  /// Tells apart the draws of one seed.
  public let stream: Int

  /// Creates a draw.
  public init(shape: [Dimension], stream: Int) {
    self.shape = shape
    self.stream = stream
  }

  public var attributes: [Attribute] {
    [Attribute("shape", .dimensions(shape)), Attribute("stream", .integer(stream))]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .randomUniform(
      RandomUniform(
        shape: try attributes.dimensions("shape"), stream: try attributes.integer("stream")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    guard operands[0] == TensorType(.int32, []) else {
      throw TypeError("random_uniform: seed is \(operands[0]), expected i32[]")
    }
    return [TensorType(.float32, shape)]
  }

  /// A bijection of 32 bits that leaves no visible pattern: Wellons, "lowbias32", 2018.
  public static func hash(_ value: UInt32) -> UInt32 {
    var x = value
    x = (x ^ (x >> 16)) &* 0x7feb_352d
    x = (x ^ (x >> 15)) &* 0x846c_a68b
    return x ^ (x >> 16)
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(.float32, shape).sizes(bindings)
    let seed = UInt32(bitPattern: Int32(operands[0].values[0]))
    let key = Self.hash(seed &+ Self.hash(UInt32(truncatingIfNeeded: stream)))
    let values = (0..<sizes.reduce(1, *)).map {
      Double(Self.hash(UInt32(truncatingIfNeeded: $0) &+ key) >> 8) * 0x1p-24
    }
    return [HostTensor(.float32, sizes, values)]
  }
}
