import SequentIR

/// What numbers an integer input may be: found in the graph, as types don't say it.
enum InputRange: Hashable {
  /// 0 up to a dimension, for rows of a table.
  case index(below: Dimension)
  /// 1 up to a dimension, for lengths.
  case length(upTo: Dimension)
}

extension Graph {
  /// The ranges of an integer argument by what it is used for, which it has to be in all of; none when
  /// it does not index anything.
  ///
  /// Looks for uses as rows of a table or lengths of a recurrence, and for comparisons with a count of
  /// steps, through whatever lies between.
  func ranges(of argument: Value) -> [InputRange] {
    // What is added to the argument in each value that holds its numbers.
    var reached: [Value: Int] = [argument: 0]
    var ranges: [InputRange] = []
    for node in nodes {
      for (position, operand) in node.operands.enumerated() {
        guard let added = reached[operand] else { continue }
        if let range = range(node, position, added) { ranges.append(range) }
        guard node.operation.keepsIntegers(at: position) else { continue }
        let more = node.operation == .binary(.add) ? number(node.operands[1 - position]) ?? 0 : 0
        for result in node.results { reached[result] = added + more }
      }
    }
    return ranges
  }

  private func range(_ node: Node, _ position: Int, _ added: Int) -> InputRange? {
    let last = node.operands.count - 1
    switch node.operation {
    case .gather where position == 1, .updateRows where position == 1:
      return .index(below: type(of: node.operands[0]).shape[0])
    case .embedding(let sum):
      let terms = sum.sorted(Array(node.operands.indices)).terms
      guard let term = terms.first(where: { $0.indices == position }) else { return nil }
      return .index(below: type(of: node.operands[term.source]).shape[0])
    case .scan(let scan) where scan.hasLengths && position == last:
      return .length(upTo: scan.time)
    case .recurrentSequence(let layer) where layer.hasLengths && position == last:
      return .length(upTo: type(of: node.operands[0]).shape[1])
    case .compare:
      let other = node.operands[1 - position]
      guard isCount(other), let steps = type(of: other).shape.last else { return nil }
      // A token more than what came before is a length.
      return added == 1 ? .index(below: steps) : .length(upTo: steps)
    default: return nil
    }
  }

  /// A whole number that a value holds everywhere.
  private func number(_ value: Value) -> Int? {
    guard let node = producer(of: value) else { return nil }
    switch node.operation {
    case .constant(let constant): return constant.splat.flatMap { Int(exactly: $0) }
    case .reshape, .broadcast, .cast: return number(node.operands[0])
    default: return nil
    }
  }

  /// Whether a value counts 0, 1, 2 … along its last axis.
  private func isCount(_ value: Value) -> Bool {
    guard let node = producer(of: value) else { return false }
    switch node.operation {
    case .iota: return true
    case .reshape, .broadcast: return isCount(node.operands[0])
    default: return false
    }
  }
}

extension Operation {
  /// Whether the results hold an operand's numbers, moved or shifted.
  fileprivate func keepsIntegers(at position: Int) -> Bool {
    switch self {
    case .reshape, .transpose, .broadcast, .slice, .concatenate, .binary, .select: true
    case .gather: position == 0
    default: false
    }
  }
}
