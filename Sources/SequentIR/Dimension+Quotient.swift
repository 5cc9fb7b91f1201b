/// Quotients: the number of chunks that a size is cut into, `⌈time / 8⌉`.
///
/// The quotient of a symbol is a symbol too, called `time/8`; its size follows from the first one's.
extension Dimension {
  /// The quotient rounded up, of a constant or a lone symbol; nil for a sum.
  public func dividedRoundingUp(by divisor: Int) -> Dimension? {
    guard divisor > 0, divisor <= Self.limit else { return nil }
    if let staticSize {
      guard staticSize >= 0 else { return nil }
      return Dimension(constant: Self.quotient(staticSize, divisor))
    }
    guard constant == 0, symbols.count == 1 else { return nil }
    return .symbol("\(symbols[0])/\(divisor)")
  }

  fileprivate static func quotient(_ size: Int, _ divisor: Int) -> Int {
    size / divisor + (size % divisor == 0 ? 0 : 1)
  }
}

extension Bindings {
  /// The size of a quotient, from that of what it is a quotient of.
  func quotient(_ symbol: String) -> Int? {
    guard let slash = symbol.lastIndex(of: "/"),
      let divisor = Int(symbol[symbol.index(after: slash)...]), divisor > 0,
      let size = self[String(symbol[..<slash])]
    else { return nil }
    return Dimension.quotient(size, divisor)
  }
}
