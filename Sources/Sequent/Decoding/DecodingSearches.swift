/// Searches side by side: the hypotheses of all are the rows of one call.
struct DecodingSearches {
  private var searches: [any DecodingSearch]
  /// Those that are not over, and how many rows each has.
  private var active: [(search: Int, rows: Int)]

  /// Starts with a row for every search.
  init(_ searches: [any DecodingSearch]) {
    self.searches = searches
    active = searches.indices.map { ($0, 1) }
  }

  /// Whether no search goes on.
  var isOver: Bool { active.isEmpty }

  /// The answers of every search, the best first.
  var answers: [[Hypothesis]] { searches.map(\.answers) }

  /// Chooses what follows the rows.
  ///
  /// - Parameters:
  ///   - logits: `[rows, vocabulary]`.
  ///   - attention: `[rows, time]`, perhaps empty.
  /// - Returns: the rows afterwards: which each of them was, and the token that it says now.
  mutating func advance(
    _ logits: Span<Float>, _ attention: Span<Float>
  ) throws -> [(parent: Int, token: Int32)] {
    let count = active.reduce(0) { $0 + $1.rows }
    let (width, time) = (logits.count / count, attention.count / count)
    var rows: [(parent: Int, token: Int32)] = []
    var left: [(search: Int, rows: Int)] = []
    var first = 0
    for (search, size) in active {
      let next = try searches[search].advance(
        logits.extracting(first * width..<(first + size) * width),
        attention.extracting(first * time..<(first + size) * time))
      rows += next.map { (first + $0.parent, $0.token) }
      if !next.isEmpty { left.append((search, next.count)) }
      first += size
    }
    active = left
    return rows
  }
}
