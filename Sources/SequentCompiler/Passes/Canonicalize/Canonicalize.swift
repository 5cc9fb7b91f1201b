import SequentIR

/// Brings a graph to a plain form: what later passes match and what nobody should compute.
///
/// Folds small constants, merges equal nodes, drops what is not used (a scan's states, outputs and
/// operands too), and applies identities of arithmetic and layout:
///
///     %a = multiply %x, %one        →    %z = tanh %x
///     %b = tanh %a                       return %z, %z
///     %c = tanh %x
///     return %b, %c
let canonicalize = Pass(
  "canonicalize", "constant folding, common subexpressions, dead code, algebra, unused scan state"
) { graph, context in
  // A rule may make room for another: the rules shrink the graph, so this ends; the bound is for
  // time, as two rounds do for nearly every graph.
  var graph = graph
  for _ in 0..<8 {
    let next = try canonicalized(graph, &context)
    if next == graph { return next }
    graph = next
  }
  return graph
}

private func canonicalized(_ graph: Graph, _ context: inout PassContext) throws -> Graph {
  var known = KnownNodes()
  return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
    var (operation, operands) = (node.operation, try rewriter.values(node.operands))
    if case .scan(let scan) = operation {
      return try simplifiedScan(scan, operands, node, &rewriter, &context) {
        try canonicalized($0, &$1)
      }
    }
    // Rules that give another node are applied to it again.
    while let simpler = simplified(operation, operands, in: rewriter.graph) {
      switch simpler {
      case .value(let value):
        context.count("simplified")
        return [value]
      case .node(let other, let others):
        context.count("simplified")
        (operation, operands) = (other, others)
      }
    }
    if let same = known.find(operation, operands) {
      context.count("merged")
      return same
    }
    let results = try rewriter.append(operation, operands, replacing: node)
    known.insert(operation, operands, results)
    return results
  }
}

/// What a node can be replaced by.
enum Simplification {
  /// A value that is there already.
  case value(Value)
  /// A simpler node, of the same type.
  case node(Operation, [Value])
}

/// The first identity that applies to a node; nil when it is as simple as it gets.
private func simplified(
  _ operation: Operation, _ operands: [Value], in graph: Graph
) -> Simplification? {
  if let constant = folded(operation, operands, in: graph) {
    return .node(.constant(constant), [])
  }
  return simplifiedArithmetic(operation, operands, in: graph)
    ?? simplifiedLayout(operation, operands, in: graph)
    ?? simplifiedPartialSum(operation, operands, in: graph)
}

/// The nodes of a graph by what they compute.
private struct KnownNodes {
  private struct Key: Hashable {
    let operation: Operation
    let operands: [Value]
  }

  private var results: [Key: [Value]] = [:]

  private func key(_ operation: Operation, _ operands: [Value]) -> Key {
    guard case .binary(let function) = operation, function.isCommutative else {
      return Key(operation: operation, operands: operands)
    }
    return Key(operation: operation, operands: operands.sorted { $0.index < $1.index })
  }

  func find(_ operation: Operation, _ operands: [Value]) -> [Value]? {
    results[key(operation, operands)]
  }

  mutating func insert(
    _ operation: Operation, _ operands: [Value], _ values: [Value]
  ) { results[key(operation, operands)] = values }
}
