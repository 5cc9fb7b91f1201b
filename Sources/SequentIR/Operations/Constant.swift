/// Numbers known when the graph is built; one number stands for a whole shape.
///
///     %zero = constant {type = f32, shape = [batch, 96], values = [0]}
public struct Constant: OperationRule {
  public static let mnemonics = ["constant"]

  /// What an element is.
  public let elementType: ElementType
  /// The shape; it may depend on symbols when there is a single value.
  public let shape: [Dimension]
  /// The elements, or the one that all are.
  public let values: [Double]

  /// Creates a constant of one repeated value.
  public init(_ value: Double, _ elementType: ElementType = .float32, shape: [Dimension] = []) {
    self.elementType = elementType
    self.shape = shape
    values = [value]
  }

  /// Creates a constant from its elements.
  public init(_ values: [Double], _ elementType: ElementType = .float32, shape: [Int]) {
    self.elementType = elementType
    self.shape = shape.map { Dimension(constant: $0) }
    self.values = values
  }

  /// The value of all elements, when they are one.
  public var splat: Double? { values.count == 1 ? values[0] : nil }

  /// Whether two constants have the same bits: 0 and -0 differ, NaN is equal to itself.
  public static func == (left: Constant, right: Constant) -> Bool {
    left.elementType == right.elementType && left.shape == right.shape
      && left.values.map(\.bitPattern) == right.values.map(\.bitPattern)
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(elementType)
    hasher.combine(shape)
    hasher.combine(values.map(\.bitPattern))
  }

  public var attributes: [Attribute] {
    [
      Attribute("type", .word(elementType.rawValue)), Attribute("shape", .dimensions(shape)),
      Attribute("values", .list(values.map(AttributeValue.number))),
    ]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    let type = try attributes.word("type", ElementType.self)
    let shape = try attributes.dimensions("shape")
    let values = try attributes.numbers("values")
    if values.count == 1 { return .constant(Constant(values[0], type, shape: shape)) }
    let sizes = shape.compactMap(\.staticSize)
    guard sizes.count == shape.count else {
      throw TypeError("constant: several values need a constant shape, got \(shapeText(shape))")
    }
    return .constant(Constant(values, type, shape: sizes))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(0, operands, of: mnemonic)
    if values.count != 1 {
      let sizes = shape.compactMap(\.staticSize)
      guard sizes.count == shape.count, TensorData.count(of: sizes) == values.count else {
        throw TypeError("constant: \(values.count) values for shape \(shapeText(shape))")
      }
    }
    guard let value = values.first(where: { !elementType.holds($0) }) else {
      return [TensorType(elementType, shape)]
    }
    throw TypeError("constant: \(Spelling.number(value)) is not a value of \(elementType.rawValue)")
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let sizes = try TensorType(elementType, shape).sizes(bindings)
    if let splat { return [HostTensor(elementType, sizes, repeating: splat)] }
    return [HostTensor(elementType, sizes, values)]
  }
}
