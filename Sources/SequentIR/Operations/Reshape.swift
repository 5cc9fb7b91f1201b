/// The same elements in the same order under another shape: `%y = reshape %x {shape = [batch, 4, 8]}`.
///
/// Symbolic axes must stay whole and in order; only constants between them merge and split, so that
/// the two counts are equal for every size.
public struct Reshape: OperationRule {
  public static let mnemonics = ["reshape"]

  /// The shape of the result.
  public let shape: [Dimension]

  /// Creates a reshape.
  public init(_ shape: [Dimension]) { self.shape = shape }

  public var attributes: [Attribute] { [Attribute("shape", .dimensions(shape))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation { .reshape(Reshape(try attributes.dimensions("shape"))) }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    guard let factors = Self.factors(shape), factors == Self.factors(operands[0].shape) else {
      throw TypeError(
        "reshape: \(operands[0]) and \(shapeText(shape)) do not hold equally many elements")
    }
    return [TensorType(operands[0].elementType, shape)]
  }

  /// The symbolic axes in order, and the product of the constants before, between and after them;
  /// nil when a product overflows.
  private static func factors(_ shape: [Dimension]) -> [Dimension]? {
    var result: [Dimension] = [1]
    for dimension in shape {
      if let size = dimension.staticSize {
        let (product, overflow) = result[result.count - 1].constant
          .multipliedReportingOverflow(by: size)
        guard !overflow else { return nil }
        result[result.count - 1] = Dimension(constant: product)
      } else {
        result += [dimension, 1]
      }
    }
    return result
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(operands[0].elementType, shape).sizes(bindings)
    return [HostTensor(operands[0].elementType, sizes, operands[0].values)]
  }
}

extension Reshape {
  /// The gradient under the operand's shape.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    return [try b.reshape(dy, to: b.type(of: node.operands[0]).shape)]
  }
}
