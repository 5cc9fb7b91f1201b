/// A named constant of an operation in the text form: `axis = 1`, `shape = [batch, 4]`.
public struct Attribute: Hashable, Sendable {
  /// The attribute's name.
  public let name: String
  /// Its value.
  public let value: AttributeValue

  /// Creates an attribute.
  public init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
  }
}

/// What an attribute can be.
public indirect enum AttributeValue: Hashable, Sendable {
  case number(Double)
  case word(String)
  case dimension(Dimension)
  case list([AttributeValue])
  case graph(Graph)

  /// An integer, as a dimension without symbols.
  public static func integer(_ value: Int) -> AttributeValue {
    .dimension(Dimension(constant: value))
  }

  /// The word `true` or `false`.
  public static func flag(_ value: Bool) -> AttributeValue { .word(value ? "true" : "false") }

  /// A list of integers.
  public static func integers(_ values: [Int]) -> AttributeValue {
    .list(values.map(AttributeValue.integer))
  }

  /// A list of dimensions.
  public static func dimensions(_ values: [Dimension]) -> AttributeValue {
    .list(values.map(AttributeValue.dimension))
  }
}

/// The attributes of one operation as the parser found them.
///
/// The parser reads an integer as a dimension, a lone symbol as a word (`inf` and `nan` too); the
/// readers take both. An attribute that nobody read is an error: it was misspelt.
public final class AttributeReader {
  private let mnemonic: String
  private let values: [String: AttributeValue]
  private var unread: Set<String>

  /// Creates a reader.
  public init(_ attributes: [Attribute], of mnemonic: String) {
    self.mnemonic = mnemonic
    values = Dictionary(
      attributes.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    unread = Set(values.keys)
  }

  /// Whether an attribute is there.
  public func has(_ name: String) -> Bool { values[name] != nil }

  /// Checks that every attribute was read.
  public func finish() throws(TypeError) {
    guard let name = unread.min() else { return }
    throw TypeError("\(mnemonic) has no attribute '\(name)'")
  }

  private func value(_ name: String) -> AttributeValue? {
    unread.remove(name)
    return values[name]
  }

  private func wrong(_ name: String, _ expected: String) -> TypeError {
    guard values[name] != nil else {
      return TypeError("\(mnemonic): attribute '\(name)' is missing")
    }
    return TypeError("\(mnemonic): attribute '\(name)' must be \(expected)")
  }

  /// An integer.
  public func integer(_ name: String) throws(TypeError) -> Int {
    guard case .dimension(let dimension)? = value(name), let size = dimension.staticSize else {
      throw wrong(name, "an integer")
    }
    return size
  }

  /// A real number.
  public func number(_ name: String) throws(TypeError) -> Double {
    guard let number = value(name).flatMap(number) else { throw wrong(name, "a number") }
    return number
  }

  private func number(_ value: AttributeValue) -> Double? {
    switch value {
    case .number(let value): value
    case .dimension(let dimension): dimension.staticSize.map(Double.init)
    case .word("inf"): .infinity
    case .word("nan"): .nan
    case .word, .list, .graph: nil
    }
  }

  /// True or false; false when it is not there.
  public func flag(_ name: String) throws(TypeError) -> Bool {
    switch value(name) {
    case .word("true"): return true
    case .word("false"), nil: return false
    default: throw wrong(name, "true or false")
    }
  }

  /// A word.
  public func word(_ name: String) throws(TypeError) -> String {
    guard case .word(let word)? = value(name) else { throw wrong(name, "a word") }
    return word
  }

  /// A word out of an enumeration.
  public func word<Word: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Word.Type = Word.self
  ) throws(TypeError) -> Word where Word.RawValue == String {
    if case .word(let text)? = value(name), let word = Word(rawValue: text) { return word }
    throw wrong(name, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
  }

  /// A dimension.
  public func dimension(_ name: String) throws(TypeError) -> Dimension {
    guard let value = value(name) else { throw wrong(name, "a dimension") }
    return try dimension(value, name)
  }

  private func dimension(_ value: AttributeValue, _ name: String) throws(TypeError) -> Dimension {
    switch value {
    case .dimension(let dimension): return dimension
    case .word(let symbol): return .symbol(symbol)
    default: throw wrong(name, "a dimension")
    }
  }

  /// A list of dimensions.
  public func dimensions(_ name: String) throws(TypeError) -> [Dimension] {
    guard case .list(let values)? = value(name) else { throw wrong(name, "a list of dimensions") }
    var result: [Dimension] = []
    for value in values { result.append(try dimension(value, name)) }
    return result
  }

  /// A list of integers.
  public func integers(_ name: String) throws(TypeError) -> [Int] {
    guard case .list(let values)? = value(name) else { throw wrong(name, "a list of integers") }
    var result: [Int] = []
    for case .dimension(let dimension) in values {
      if let size = dimension.staticSize { result.append(size) }
    }
    guard result.count == values.count else { throw wrong(name, "a list of integers") }
    return result
  }

  /// A list of `true` and `false`.
  public func flags(_ name: String) throws(TypeError) -> [Bool] {
    guard case .list(let values)? = value(name) else { throw wrong(name, "a list of flags") }
    var result: [Bool] = []
    for value in values {
      guard case .word(let word) = value, word == "true" || word == "false" else {
        throw wrong(name, "a list of flags")
      }
      result.append(word == "true")
    }
    return result
  }

  /// A list of numbers.
  public func numbers(_ name: String) throws(TypeError) -> [Double] {
    guard case .list(let values)? = value(name) else { throw wrong(name, "a list of numbers") }
    let numbers = values.compactMap(number)
    guard numbers.count == values.count else { throw wrong(name, "a list of numbers") }
    return numbers
  }

  /// A graph.
  public func graph(_ name: String) throws(TypeError) -> Graph {
    guard case .graph(let graph)? = value(name) else { throw wrong(name, "a graph") }
    return graph
  }
}
