/// Types, dimensions and attributes.
extension Parser {
  /// Reads `f32[batch, time, 48]`.
  mutating func type() throws(ParseError) -> TensorType {
    let place = token
    guard case .name(let word) = place.kind, let elementType = ElementType(rawValue: word) else {
      throw place.error("expected a type, got \(place.kind)")
    }
    advance()
    try expect("[")
    var shape: [Dimension] = []
    try list(until: "]") { parser throws(ParseError) in
      let place = parser.token
      let size = try parser.dimension()
      guard (size.staticSize ?? 0) >= 0 else { throw place.error("a size is not negative") }
      shape.append(size)
    }
    return TensorType(elementType, shape)
  }

  /// Reads `{name = value, …}`, which may be left out.
  mutating func attributes() throws(ParseError) -> [Attribute] {
    var attributes: [Attribute] = []
    guard take("{") else { return [] }
    try list(until: "}") { parser throws(ParseError) in
      let place = parser.token
      let name = try parser.name("an attribute's name")
      guard !attributes.contains(where: { $0.name == name }) else {
        throw place.error("attribute '\(name)' is there already")
      }
      try parser.expect("=")
      attributes.append(Attribute(name, try parser.attributeValue(depth: 0)))
    }
    return attributes
  }

  private mutating func attributeValue(depth: Int) throws(ParseError) -> AttributeValue {
    let place = token
    if take("[") {
      guard depth < Self.depthLimit else {
        throw place.error("lists are nested deeper than \(Self.depthLimit)")
      }
      var values: [AttributeValue] = []
      try list(until: "]") { parser throws(ParseError) in
        values.append(try parser.attributeValue(depth: depth + 1))
      }
      return .list(values)
    }
    if let number = number() { return .number(number) }
    if case .name(let word) = place.kind, !sees("+", ahead: 1), !sees("-", ahead: 1) {
      advance()
      return .word(word)
    }
    return .dimension(try dimension())
  }

  /// Reads a number that cannot be a size: `0.5`, `-1e-05`, `-inf`, an integer beyond every size.
  ///
  /// `inf` and `nan` are words, for the attribute's reader to tell from symbols.
  private mutating func number() -> Double? {
    let isNegative = sees("-")
    let magnitude: Double
    switch token(ahead: isNegative ? 1 : 0).kind {
    case .number(let value): magnitude = value
    case .integer(let value) where value > Dimension.limit: magnitude = Double(value)
    case .name("inf") where isNegative: magnitude = .infinity
    case .name("nan") where isNegative: magnitude = .nan
    default: return nil
    }
    if isNegative { advance() }
    advance()
    return isNegative ? -magnitude : magnitude
  }

  /// Reads a sum of constants and symbols: `48`, `time`, `past + 1`, `time - 1`.
  private mutating func dimension() throws(ParseError) -> Dimension {
    let place = token
    var isNegative = take("-")
    var sum = Dimension()
    while true {
      sum = sum + (try term(isNegative: isNegative))
      guard sum.isInRange else {
        throw place.error(
          "a size is a sum of up to \(Dimension.symbolLimit) symbols and up to \(Dimension.limit)")
      }
      if take("+") {
        isNegative = false
      } else if take("-") {
        isNegative = true
      } else {
        return sum
      }
    }
  }

  private mutating func term(isNegative: Bool) throws(ParseError) -> Dimension {
    let place = token
    switch place.kind {
    case .integer(let value) where value <= Dimension.limit:
      advance()
      return Dimension(constant: isNegative ? -value : value)
    case .name(let symbol) where !isNegative:
      advance()
      return .symbol(symbol)
    default: throw place.error("expected a size, got \(place.kind)")
    }
  }
}
