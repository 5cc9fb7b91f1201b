import SequentIR

/// Makes one product of several that have the same left operand: a recurrent cell's gates, or the
/// queries, keys and values of attention.
///
///     %a = matmul %h, @u                %w = concatenate @u, @v {axis = 1}
///     %b = matmul %h, @v           →    %m = matmul %h, %w
///     %c = add %a, @b                   %d = concatenate @b, %zeros {axis = 0}
///                                       %s = add %m, %d
///                                       %c = slice %s {axis = 1, start = 0, …}
///                                       %b = slice %s {axis = 1, start = n, …}
///
/// Gates of a known cell stand in the order that its kernel wants. Slices that a scan goes over move
/// into its body, so that it goes over one value. In a body, the merged weights are computed from
/// invariants: hoist-loop-invariants takes them out.
let mergeGateMatmuls = Pass(
  "merge-gate-matmuls", "products of one left operand with several weights → one product"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, scope, context in
    try withSlicesInScans(merged(graph, scope, &context))
  }
}

private func merged(
  _ graph: Graph, _ scope: GraphScope, _ context: inout PassContext
) throws -> Graph {
  var scope = scope
  scope.constants.formUnion(scope.invariants)
  let plan = ProductGroups(
    graph, GraphUses(graph), stored: graph.constantExpressions(scope))
  for (index, reason) in plan.misses {
    context.missed("not merged: \(reason)", graph.nodes[index], in: graph)
  }
  var groups: [Int: ProductGroup] = [:]
  for group in plan.groups {
    let first = group.members.map(\.index).min() ?? 0
    groups[first] = group
    let columns = Dimension.sum(group.members.map(\.width))
    context.matched(
      "merged \(group.members.count) products of %\(graph.name(of: group.left)), \(columns) columns",
      graph.nodes[first], origin: group.origin(in: graph), in: graph)
  }
  guard !groups.isEmpty else { return graph }
  return try GraphRewriter.rewrite(graph) { rewriter, node, index in
    if let group = groups[index] {
      try merge(group, &rewriter)
      return []
    }
    guard let rest = plan.sums[node.results[0]] else { return nil }
    let addends = try rewriter.values(rest)
    return [
      try addends.dropFirst().reduce(addends[0]) {
        try rewriter.append(.binary(.add), $0, $1, origin: node.origin)
      }
    ]
  }
}

/// Adds a group's product, and a slice of it in place of every member.
private func merge(_ group: ProductGroup, _ rewriter: inout GraphRewriter) throws {
  let origin = group.origin(in: rewriter.source)
  let matrices = try rewriter.values(group.members.map(\.matrix))
  let weights = try rewriter.append(
    .concatenate(Concatenate(axis: 1)), matrices, name: "weights", origin: origin)
  var product = try rewriter.append(
    .matmul(MatMul()), rewriter.value(group.left), weights, name: "products", origin: origin)
  if group.members.contains(where: { !$0.biases.isEmpty }) {
    var parts: [Value] = []
    for member in group.members {
      let biases = try rewriter.values(member.biases)
      guard let first = biases.first else {
        let zeros = Constant(0, shape: [member.width])
        parts.append(try rewriter.append(.constant(zeros), name: "zeros", origin: origin))
        continue
      }
      parts.append(
        try biases.dropFirst().reduce(first) {
          try rewriter.append(.binary(.add), $0, $1, origin: origin)
        })
    }
    let bias = try rewriter.append(
      .concatenate(Concatenate(axis: 0)), parts, name: "biases", origin: origin)
    product = try rewriter.append(.binary(.add), product, bias, name: "sums", origin: origin)
  }
  let axis = rewriter.graph.type(of: product).lastAxis
  var start: Dimension = 0
  for member in group.members {
    let slice = Slice(axis: axis, start: start, size: member.width)
    let part = try rewriter.append(
      .slice(slice), product, name: rewriter.source.name(of: member.product), origin: origin)
    rewriter.replace(member.product, by: part)
    start = start + member.width
  }
}
