import SequentIR

/// Puts what follows a product into its kernel, while the result is in registers.
///
///     %p = matmul %x, @w
///     %s = add %p, @b                →    %y = linear %x, @w, @b, %r
///     %t = add %s, %r                            {activation = relu, bias = true, residual = true}
///     %y = relu %t
///
/// Of several products in one sum, each is the residual of the next. Where nothing of the result's shape
/// is added, a factor of that shape is taken too: a gated unit's other half, a slope in a gradient.
let fuseEpilogue = Pass(
  "fuse-epilogue", "product, scale, bias, residual, activation and factor → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, scope, context in
    let planner = EpiloguePlanner(graph, stored: graph.constantExpressions(scope))
    for (index, reason) in planner.misses {
      context.missed("not fused: \(reason)", graph.nodes[index], in: graph)
    }
    var plans: [Value: EpiloguePlan] = [:]
    for plan in planner.plans {
      plans[plan.root] = plan
      let rest =
        plan.others.isEmpty
        ? "" : "; %\(graph.name(of: plan.others[0])) stretches in a way that no epilogue does"
      context.matched(plan.description + rest, graph.nodes[plan.products[0].index], in: graph)
    }
    guard !plans.isEmpty else { return graph }
    return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
      guard let plan = plans[node.results[0]] else { return nil }
      return [try fuse(plan, node, &rewriter)]
    }
  }
}

private func fuse(
  _ plan: EpiloguePlan, _ root: Node, _ rewriter: inout GraphRewriter
) throws -> Value {
  let graph = rewriter.source
  var residual = try sum(of: plan.residuals, &rewriter, root.origin)
  // The first product of the sum comes last: it has bias and activation.
  for (position, product) in plan.products.enumerated().reversed() {
    let node = graph.nodes[product.index]
    var operands = try rewriter.values(node.operands)
    let isLast = position == 0
    let bias = isLast ? try sum(of: plan.biases, &rewriter, root.origin) : nil
    if let bias { operands.append(bias) }
    if let residual { operands.append(residual) }
    var linear = FusedLinear(
      activation: isLast ? plan.activation : .none, scale: product.scale, hasBias: bias != nil,
      hasResidual: residual != nil)
    if let factor = plan.factor {
      linear = linear.timesFactor
      operands.append(try rewriter.value(factor))
    }
    let isPlain = linear == FusedLinear()
    residual = try rewriter.append(
      isPlain ? node.operation : .linear(linear), operands,
      name: graph.name(of: isLast ? plan.root : product.result), origin: root.origin)
  }
  guard let product = residual else { throw TypeError("an epilogue without a product") }
  return try plan.others.reduce(product) {
    try rewriter.append(.binary(.add), $0, rewriter.value($1), origin: root.origin)
  }
}

/// The sum of values; nil for none.
private func sum(
  of values: [Value], _ rewriter: inout GraphRewriter, _ origin: Origin
) throws -> Value? {
  guard let first = values.first else { return nil }
  return try values.dropFirst().reduce(rewriter.value(first)) {
    try rewriter.append(.binary(.add), $0, rewriter.value($1), origin: origin)
  }
}
