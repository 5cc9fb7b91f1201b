import SequentIR

extension CellPattern {
  /// The lstm and gru steps in a graph, by the value of h'; an rnn's is just a sum with a function.
  static func all(in graph: Graph, _ uses: GraphUses) -> [CellPattern] {
    graph.nodes.compactMap { node in
      switch node.operation {
      case .binary(.multiply): try? lstm(node.results[0], graph, uses)
      case .binary(.add): try? gru(node.results[0], graph, uses)
      default: nil
      }
    }
  }

  /// The leaves of what the reset gate acts on.
  func resetLeaves(in graph: Graph, _ uses: GraphUses) -> [Value] {
    resetTerm.map { graph.leaves(of: .add, under: $0, uses) } ?? []
  }
}

extension Graph {
  /// For every value that is added to a gate of a recurrent cell, in this graph or in the body of
  /// one of its scans, the gate's place in merged weights.
  func gatePlaces(_ uses: GraphUses) -> [Value: Int] {
    var places: [Value: Int] = [:]
    for pattern in CellPattern.all(in: self, uses) {
      for (place, addends) in pattern.gates.enumerated() {
        for value in addends { places[value] = place }
      }
      for value in pattern.resetLeaves(in: self, uses) {
        places[value] = pattern.kind.gates.count - 1
      }
    }
    for node in nodes {
      guard case .scan(let scan) = node.operation else { continue }
      let inner = scan.body.gatePlaces(GraphUses(scan.body))
      for (argument, operand) in zip(scan.body.arguments, node.operands) {
        guard let place = inner[argument] else { continue }
        for value in leaves(of: .add, under: operand, uses) { places[value] = place }
      }
    }
    return places
  }
}
