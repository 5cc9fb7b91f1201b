/// Sizes of a named dimension: `batch=1,8,64`.
struct DimensionSizes: Sendable {
  let name: String
  let sizes: [Int]

  /// Reads a dimension and its sizes.
  init(_ text: String) throws(UsageError) {
    let assignment = try Assignment(text)
    name = assignment.name
    sizes = try wholeNumbers(assignment.value, in: 0...1 << 30)
  }
}

extension [DimensionSizes] {
  /// Every combination of sizes, the last dimension varying fastest.
  ///
  /// - Throws: `UsageError` for a dimension that is given twice.
  func combinations() throws(UsageError) -> [[String: Int]] {
    var combinations: [[String: Int]] = [[:]]
    for dimension in self {
      guard combinations.allSatisfy({ $0[dimension.name] == nil }) else {
        throw UsageError("option --dim: '\(dimension.name)' is given twice")
      }
      combinations = combinations.flatMap { known in
        dimension.sizes.map { known.merging([dimension.name: $0]) { $1 } }
      }
    }
    return combinations
  }

  /// The sizes, where each dimension has only one.
  func single() throws(UsageError) -> [String: Int] {
    for dimension in self where dimension.sizes.count != 1 {
      throw UsageError("option --dim: '\(dimension.name)' has several sizes, expected one")
    }
    return try combinations()[0]
  }
}
