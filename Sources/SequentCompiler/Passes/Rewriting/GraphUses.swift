import SequentIR

/// Who uses each value of a graph.
struct GraphUses {
  private var users: [[Int]]
  private var resultCounts: [Int]

  init(_ graph: Graph) {
    users = Array(repeating: [], count: graph.valueCount)
    resultCounts = Array(repeating: 0, count: graph.valueCount)
    for (index, node) in graph.nodes.enumerated() {
      for operand in node.operands { users[Int(operand.index)].append(index) }
    }
    for result in graph.results { resultCounts[Int(result.index)] += 1 }
  }

  /// The positions of the nodes that use a value, once for each operand that it is.
  func users(of value: Value) -> [Int] { users[Int(value.index)] }

  /// Whether a value is a result of the graph.
  func isResult(_ value: Value) -> Bool { resultCounts[Int(value.index)] > 0 }

  /// How often a value is used; a use as a result of the graph counts.
  func count(of value: Value) -> Int {
    users[Int(value.index)].count + resultCounts[Int(value.index)]
  }

  /// The node that is the only use of a value.
  func onlyUser(of value: Value) -> Int? {
    count(of: value) == 1 ? users[Int(value.index)].first : nil
  }

  /// Whether all uses of a value are among some nodes.
  func areWithin(_ nodes: Set<Int>, _ value: Value) -> Bool {
    !isResult(value) && users(of: value).allSatisfy(nodes.contains)
  }
}
