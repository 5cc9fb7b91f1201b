import SequentIR

/// What a graph's arguments are to a pass: a body's invariants may stand for stored weights.
struct GraphScope {
  /// Arguments that are the same in every step; none at the level of a function.
  var invariants: Set<Value> = []
  /// Arguments that stand for expressions of parameters alone.
  var constants: Set<Value> = []

  /// Creates the scope of a function.
  init() {}

  /// Creates the scope of a scan's body.
  init(of scan: Scan, operands: [Value], constants outer: Set<Value>) {
    let first = scan.carryCount + scan.scannedCount
    for (argument, operand) in zip(scan.body.arguments, operands).dropFirst(first) {
      invariants.insert(argument)
      if outer.contains(operand) { constants.insert(argument) }
    }
  }
}

extension Graph {
  /// The values that depend on parameters and constants alone: evaluated once, at load.
  func constantExpressions(_ scope: GraphScope) -> Set<Value> {
    var result = scope.constants
    for node in nodes {
      result.formUnion(node.operands.filter { parameterName(of: $0) != nil })
      if node.operands.allSatisfy(result.contains), types(of: node.results).allSatisfy(\.isStatic) {
        result.formUnion(node.results)
      }
    }
    return result
  }
}

/// Applies a rewriting to the bodies of a graph's scans, innermost first, then to the graph itself.
func rewriteEverywhere(
  _ graph: Graph, _ context: inout PassContext, scope: GraphScope = GraphScope(),
  _ rewriting: (Graph, GraphScope, inout PassContext) throws -> Graph
) throws -> Graph {
  let constants = graph.constantExpressions(scope)
  let inner = try GraphRewriter.rewrite(graph) { rewriter, node, _ in
    guard case .scan(let scan) = node.operation else { return nil }
    let body = try rewriteEverywhere(
      scan.body, &context,
      scope: GraphScope(of: scan, operands: node.operands, constants: constants), rewriting)
    return try rewriter.append(
      .scan(scan.replacing(body: body)), rewriter.values(node.operands), replacing: node)
  }
  return try rewriting(inner, scope, &context)
}
