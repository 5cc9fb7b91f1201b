import SequentIR

/// What numbers an integer input may be: found in the graph, as types don't say it.
enum InputRange: Hashable {
  /// 0 up to a dimension, for rows of a table.
  case index(below: Dimension)
  /// 1 up to a dimension, for lengths.
  case length(upTo: Dimension)
}

extension Graph {
  /// The range of an integer argument by what it is used for; nil when it does not index anything.
  ///
  /// Looks for the first use as rows of a `gather` or lengths of a recurrence, or for a comparison
  /// with a count of steps, through whatever lies between.
  func range(of argument: Value) -> InputRange? {
    var reached: Set<Value> = [argument]
    for node in nodes {
      for (position, operand) in node.operands.enumerated() where reached.contains(operand) {
        if let range = range(node, position) { return range }
        if node.operation.keepsIntegers { reached.formUnion(node.results) }
      }
    }
    return nil
  }

  private func range(_ node: Node, _ position: Int) -> InputRange? {
    let last = node.operands.count - 1
    switch node.operation {
    case .gather where position == 1:
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
      return .length(upTo: steps)
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
  /// Whether the results hold the first operand's numbers, moved or shifted.
  fileprivate var keepsIntegers: Bool {
    switch self {
    case .reshape, .transpose, .broadcast, .slice, .concatenate, .binary, .select, .gather: true
    default: false
    }
  }
}
