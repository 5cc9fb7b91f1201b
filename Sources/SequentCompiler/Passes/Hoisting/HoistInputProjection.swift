import SequentIR

/// Takes the products of a scan's inputs with weights out of the scan: one product for all steps.
///
///     %y = scan %h0, %x, @w, @b {…}              %p = matmul %x, @w          [batch, time, n]
///       body(%h, %x, %w, %b) {              →    %q = add %p, @b
///         %p = matmul %x, %w    [batch, n]       %y = scan %h0, %q {…}
///         %s = add %p, %h                          body(%h, %q) {
///         %a = add %s, %b                            %a = add %q, %h
///
/// Sums are regrouped for it, x·W and what is the same in every step first; a product of
/// `concatenate(x, h)` is taken apart, [x, h]·W = x·W₁ + h·W₂.
let hoistInputProjection = Pass(
  "hoist-input-projection", "products of a scan's inputs are one product for all steps"
) { graph, context in try hoisted(graph, &context) }

private func hoisted(_ graph: Graph, _ context: inout PassContext) throws -> Graph {
  try GraphRewriter.rewrite(graph) { rewriter, node, _ in
    guard case .scan(var scan) = node.operation else { return nil }
    scan = scan.replacing(body: try hoisted(scan.body, &context))
    scan = scan.replacing(body: try withSplitProducts(scan))
    scan = scan.replacing(body: try withProjectionsFirst(scan))
    let body = scan.body
    let frontier = ProjectedValues(scan).frontier(in: body)
    if frontier.isEmpty {
      context.missed(
        "nothing moved: no product of the scan's body takes its input and weights alone", node,
        in: graph)
    } else {
      context.matched(
        "moved out of the scan: \(frontier.map { "%\(body.name(of: $0))" }.joined(separator: ", "))",
        node, in: graph)
    }
    var parts = ScanParts(scan, operands: try rewriter.values(node.operands))
    var outside = BodyCopier(body)
    for slot in parts.scanned + parts.invariants {
      slot.values.forEach { outside.map($0, to: slot.operand) }
    }
    for value in frontier {
      parts.scanned.append(
        ScanParts.Slot(
          operand: try outside.copy(value, to: &rewriter), type: body.type(of: value),
          name: body.name(of: value), values: [value]))
    }
    let (operation, operands) = try parts.rebuilt()
    return try rewriter.append(operation, operands, replacing: node)
  }
}

/// [x, h]·W = x·W₁ + h·W₂, where x is known for all steps and h is not.
private func withSplitProducts(_ scan: Scan) throws -> Graph {
  let (body, projected) = (scan.body, ProjectedValues(scan))
  return try GraphRewriter.rewrite(body) { rewriter, node, _ in
    guard case .matmul = node.operation, projected.invariants.contains(node.operands[1]),
      body.type(of: node.operands[1]).rank == 2,
      let join = body.producer(of: node.operands[0]),
      case .concatenate(let concatenate) = join.operation,
      concatenate.axis == body.type(of: node.operands[0]).lastAxis,
      Set(join.operands.map { projected.containsProduct[$0] != nil }).count == 2
    else { return nil }
    let weights = try rewriter.value(node.operands[1])
    var (start, sum) = (Dimension(), Value?.none)
    for part in join.operands {
      let size = body.type(of: part).shape[concatenate.axis]
      let rows = try rewriter.append(
        .slice(Slice(axis: 0, start: start, size: size)), weights, origin: node.origin)
      let product = try rewriter.append(
        .matmul(MatMul()), rewriter.value(part), rows, origin: node.origin)
      sum =
        try sum.map { try rewriter.append(.binary(.add), $0, product, origin: node.origin) }
        ?? product
      start = start + size
    }
    return sum.map { [$0] }
  }
}

/// Regroups sums: what is known for all steps and what is the same in every step come first.
private func withProjectionsFirst(_ scan: Scan) throws -> Graph {
  let (body, projected) = (scan.body, ProjectedValues(scan))
  return try GraphRewriter.rewrite(body) { rewriter, node, _ in
    let (root, uses) = (node.results[0], rewriter.uses)
    guard node.operation == .binary(.add), !body.isInner(root, of: .add, uses) else { return nil }
    let leaves = body.leaves(of: .add, under: root, uses)
    let rank = body.type(of: root).rank
    var (first, biases, rest) = ([Value](), [Value](), [Value]())
    for leaf in leaves {
      if projected.containsProduct[leaf] != nil, body.type(of: leaf).rank == rank {
        first.append(leaf)
      } else if projected.isBias(leaf, rank, in: body) {
        biases.append(leaf)
      } else {
        rest.append(leaf)
      }
    }
    guard first.contains(where: projected.isProjection), !rest.isEmpty,
      first.count + biases.count > 1
    else { return nil }
    let ordered = try rewriter.values(first + biases + rest)
    return [
      try ordered.dropFirst().reduce(ordered[0]) {
        try rewriter.append(.binary(.add), $0, $1, origin: node.origin)
      }
    ]
  }
}
