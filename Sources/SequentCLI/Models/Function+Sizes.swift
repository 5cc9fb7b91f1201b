import SequentIR

extension Function {
  /// The symbols in the shapes of the inputs, in order of appearance.
  var symbols: [String] {
    inputs.flatMap { $0.type.shape.flatMap(\.symbols) }
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Makes sure that every symbol has a size, and every size a symbol.
  func check(_ sizes: [String: Int], for purpose: String) throws(UsageError) {
    let symbols = symbols
    for name in sizes.keys.sorted() where !symbols.contains(name) {
      let known =
        symbols.isEmpty ? "has no named dimensions" : "has \(symbols.joined(separator: ", "))"
      throw UsageError("option --dim: \(self.name) has no dimension '\(name)'; it \(known)")
    }
    let missing = symbols.filter { sizes[$0] == nil }
    guard missing.isEmpty else {
      let options = missing.map { "--dim \($0)=SIZE" }.joined(separator: " ")
      throw UsageError("\(purpose) needs the size of every dimension: \(options)")
    }
  }
}
