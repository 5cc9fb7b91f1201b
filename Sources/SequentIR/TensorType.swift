/// Element type and shape of a value.
public struct TensorType: Hashable, Sendable {
  /// What an element is.
  public var elementType: ElementType
  /// The size of every axis, slowest first.
  public var shape: [Dimension]

  /// Creates a type.
  public init(_ elementType: ElementType, _ shape: [Dimension]) {
    self.elementType = elementType
    self.shape = shape
  }

  /// The number of axes.
  public var rank: Int { shape.count }

  /// The shape under given values of the symbols.
  ///
  /// - Throws: `BindingError` for a symbol without a value, a negative size, too many elements.
  public func sizes(_ bindings: Bindings) throws(BindingError) -> [Int] {
    var result: [Int] = []
    for dimension in shape { result.append(try dimension.size(bindings)) }
    guard TensorData.count(of: result) != nil else { throw .tooLarge(type: self) }
    return result
  }

  /// The shape as constants, when no axis depends on a symbol.
  public var staticShape: [Int]? {
    let sizes = shape.compactMap(\.staticSize)
    return sizes.count == shape.count ? sizes : nil
  }

  /// Whether no axis depends on a symbol.
  public var isStatic: Bool { shape.allSatisfy { $0.symbols.isEmpty } }

  /// Whether every size is within the limits, and no constant one is negative.
  var hasValidSizes: Bool {
    shape.allSatisfy { $0.isInRange && ($0.staticSize ?? 0) >= 0 }
  }

  /// The axis counted from the front, for one that may be counted from the back (-1 is the last).
  public func axis(_ axis: Int) throws(TypeError) -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(resolved) else {
      throw TypeError("axis \(axis) is out of range for \(self)")
    }
    return resolved
  }
}

extension TensorType: CustomStringConvertible {
  /// The text form: `f32[batch, time, 48]`.
  public var description: String {
    "\(elementType.rawValue)[\(shape.map(\.description).joined(separator: ", "))]"
  }
}

/// Operands that an operation does not take.
public struct TypeError: Error, Hashable, CustomStringConvertible {
  /// What is wrong: the operands with their types, and the axis.
  public let message: String

  /// Creates an error with its message.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}
