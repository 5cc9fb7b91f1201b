/// The place of one gate's parameter in a tensor that stacks the gates of a cell.
struct GateStack {
  /// The lengths that a parameter's axes can have: products of them and the gates don't overflow.
  static let lengths = 0...1 << 28

  /// How many gates there are, and which one is meant.
  let count: Int
  let index: Int

  /// The parameter's own shape: `[input, hidden]` or `[hidden]`.
  let shape: [Int]

  /// The place on a first axis of directions; nil when the tensors have none.
  let directions: (count: Int, index: Int)?

  private var hidden: Int { shape.last ?? 1 }

  /// In `[gates · hidden, input]`: rows, transposed.
  func rows(named names: [String]) -> SourceTerm {
    term(
      names, in: [count * hidden, shape[0]], offset: index * hidden * shape[0],
      strides: [1, shape[0]])
  }

  /// In `[input, gates · hidden]`: columns.
  func columns(named names: [String]) -> SourceTerm {
    term(
      names, in: [shape[0], count * hidden], offset: index * hidden,
      strides: [count * hidden, 1])
  }

  /// In `[gates · hidden]`, or in a row of `rows + [gates · hidden]`.
  func bias(row: Int, of rows: [Int], named names: [String]) -> SourceTerm {
    term(names, in: rows + [count * hidden], offset: (row * count + index) * hidden, strides: [1])
  }

  /// In `[2 · gates · hidden]`, where row 1 follows row 0.
  func concatenatedBias(row: Int, named names: [String]) -> SourceTerm {
    term(names, in: [2 * count * hidden], offset: (row * count + index) * hidden, strides: [1])
  }

  private func term(
    _ names: [String], in stored: [Int], offset: Int, strides: [Int]
  ) -> SourceTerm {
    let start = (directions?.index ?? 0) * stored.reduce(1, *)
    return SourceTerm(
      names: names, shape: (directions.map { [$0.count] } ?? []) + stored,
      view: StridedView(offset: start + offset, shape: shape, strides: strides))
  }
}
