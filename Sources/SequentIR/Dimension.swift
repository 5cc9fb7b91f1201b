/// The size of one axis: a constant, a named symbol, or a sum of these (`time`, `past + 1`).
///
/// Two dimensions are equal when they are equal for every value of their symbols, so shapes are
/// checked once, for all sizes.
public struct Dimension: Hashable, Sendable {
  /// The constant part of the sum; may be negative (`time - 1`).
  public let constant: Int
  /// The symbols of the sum, sorted; one that counts twice stands twice.
  public let symbols: [String]

  /// Creates the sum of a constant and symbols.
  public init(constant: Int = 0, symbols: [String] = []) {
    self.constant = constant
    self.symbols = symbols.sorted()
  }

  /// Creates a dimension of one symbol.
  public static func symbol(_ name: String) -> Dimension { Dimension(symbols: [name]) }

  /// The largest constant a size may have, so that sums and products of a few do not overflow.
  public static let limit = 1 << 40
  /// The most symbols a size may have: a graph that doubles an axis again and again stays small.
  public static let symbolLimit = 16

  /// Whether constant and symbols are within the limits.
  public var isInRange: Bool {
    (-Self.limit...Self.limit).contains(constant) && symbols.count <= Self.symbolLimit
  }

  /// The size, when it does not depend on any symbol.
  public var staticSize: Int? { symbols.isEmpty ? constant : nil }

  /// The size under given values of the symbols.
  ///
  /// - Throws: `BindingError` for a symbol without a value or a negative size.
  public func size(_ bindings: Bindings) throws(BindingError) -> Int {
    var total = constant
    for symbol in symbols {
      guard let value = bindings[symbol] else { throw .unbound(symbol: symbol) }
      total += value
    }
    guard total >= 0 else { throw .negative(dimension: self, size: total) }
    return total
  }

  /// The sum of two dimensions.
  public static func + (left: Dimension, right: Dimension) -> Dimension {
    Dimension(constant: left.constant + right.constant, symbols: left.symbols + right.symbols)
  }

  /// The difference, when every symbol subtracted is there to be taken away.
  public func subtracting(_ other: Dimension) -> Dimension? {
    var remaining = symbols
    for symbol in other.symbols {
      guard let position = remaining.firstIndex(of: symbol) else { return nil }
      remaining.remove(at: position)
    }
    return Dimension(constant: constant - other.constant, symbols: remaining)
  }
}

extension Dimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  /// Creates a constant size.
  public init(integerLiteral value: Int) { self.init(constant: value) }

  /// Creates a dimension of one symbol.
  public init(stringLiteral value: String) { self.init(symbols: [value]) }
}

extension Dimension: CustomStringConvertible {
  /// The form used in types: `128`, `time`, `past + 1`.
  public var description: String {
    var text = symbols.map { Spelling.name($0) }.joined(separator: " + ")
    if symbols.isEmpty { return "\(constant)" }
    if constant > 0 { text += " + \(constant)" }
    if constant < 0 { text += " - \(-constant)" }
    return text
  }
}

/// The sizes that stand for the symbols of a graph when it runs.
public struct Bindings: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// Size by symbol.
  public var sizes: [String: Int]

  /// Creates bindings from sizes by symbol.
  public init(_ sizes: [String: Int] = [:]) { self.sizes = sizes }

  /// Creates bindings from a literal.
  public init(dictionaryLiteral elements: (String, Int)...) {
    sizes = Dictionary(elements, uniquingKeysWith: { _, last in last })
  }

  /// The size of a symbol, or of a quotient of one.
  public subscript(symbol: String) -> Int? {
    get { sizes[symbol] ?? quotient(symbol) }
    set { sizes[symbol] = newValue }
  }

  /// Takes the sizes of the symbols in `shape` from `actual`, or checks them.
  ///
  /// - Throws: `BindingError` naming the axis when the shape does not fit.
  public mutating func bind(
    _ shape: [Dimension], to actual: [Int], of name: String
  ) throws(BindingError) {
    guard shape.count == actual.count else {
      throw .rank(name: name, expected: shape, actual: actual)
    }
    // Lone symbols first: `past + 1` can be checked only when `past` is known.
    for (dimension, size) in zip(shape, actual)
    where dimension.constant == 0 && dimension.symbols.count == 1 {
      if sizes[dimension.symbols[0]] == nil { sizes[dimension.symbols[0]] = size }
    }
    for (axis, (dimension, size)) in zip(shape, actual).enumerated() {
      let wanted = try dimension.size(self)
      guard wanted == size else {
        throw .mismatch(
          name: name, axis: axis, dimension: dimension, expected: wanted, actual: size)
      }
    }
  }
}

/// Sizes that do not fit the shapes they are given for.
public enum BindingError: Error, Hashable, CustomStringConvertible {
  /// A symbol has no value.
  case unbound(symbol: String)
  /// A sum came out negative.
  case negative(dimension: Dimension, size: Int)
  /// A tensor has another number of axes than its type.
  case rank(name: String, expected: [Dimension], actual: [Int])
  /// An axis has another size than its type.
  case mismatch(name: String, axis: Int, dimension: Dimension, expected: Int, actual: Int)
  /// A tensor has more elements than can be counted.
  case tooLarge(type: TensorType)

  /// What is wrong, and where.
  public var description: String {
    switch self {
    case .unbound(let symbol):
      "dimension '\(symbol)' has no size"
    case .negative(let dimension, let size):
      "dimension '\(dimension)' would be \(size)"
    case .rank(let name, let expected, let actual):
      "'\(name)' has shape \(actual), but its type has \(expected.count) axes: \(expected)"
    case .mismatch(let name, let axis, let dimension, let expected, let actual):
      "axis \(axis) ('\(dimension)') of '\(name)' has size \(actual), expected \(expected)"
    case .tooLarge(let type):
      "\(type) has too many elements"
    }
  }
}
