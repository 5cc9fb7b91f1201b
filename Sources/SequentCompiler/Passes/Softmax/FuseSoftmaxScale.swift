import SequentIR

/// Makes one kernel of a softmax with its scale and its mask.
///
///     %s = multiply %x, %scale
///     %m = select %mask, %s, %minus_infinity
///     %l = reduce.maximum %m {axes = [2], keep = true}
///     %d = subtract %m, %l                                →   %y = softmax %x, %mask
///     %e = exp %d                                                    {scale = …, mask = select}
///     %z = reduce.sum %e {axes = [2], keep = true}
///     %y = divide %e, %z
///
/// A row whose scores are all -∞ gives zeros, also where the composition has no guard and would give
/// NaN: `softmax` says so.
let fuseSoftmaxScale = Pass(
  "fuse-softmax-scale", "scale, mask and softmax → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    try GraphRewriter.rewrite(graph) { rewriter, node, index in
      guard SoftmaxPattern.isCandidate(node, in: graph) else { return nil }
      do {
        let pattern = try SoftmaxPattern(endingAt: index, in: graph, rewriter.uses)
        context.matched(pattern.description, node, in: graph)
        return try fuse(pattern, node, &rewriter)
      } catch let miss as Miss {
        context.missed("not fused: \(miss.reason)", node, in: graph)
        return nil
      }
    }
  }
}

private func fuse(
  _ pattern: SoftmaxPattern, _ node: Node, _ rewriter: inout GraphRewriter
) throws -> [Value] {
  var operands = [try rewriter.value(pattern.operand)]
  if let mask = pattern.mask {
    var value = try rewriter.value(mask.value)
    if pattern.maskScale != 1 {
      // scale · (x + mask) = scale · x + scale · mask
      let scale = try rewriter.append(
        .constant(Constant(pattern.maskScale)), origin: node.origin)
      value = try rewriter.append(.binary(.multiply), value, scale, origin: node.origin)
    }
    operands.append(value)
  }
  let softmax = FusedSoftmax(scale: pattern.scale, mask: pattern.mask?.kind ?? .none)
  return try rewriter.append(.softmax(softmax), operands, replacing: node)
}

extension SoftmaxPattern {
  /// What was fused: `fused softmax, scale 0.125, select mask`.
  fileprivate var description: String {
    let parts = [
      "fused softmax", scale == 1 ? nil : "scale \(scale)", mask.map { "\($0.kind) mask" }, remark,
    ]
    return parts.compactMap { $0 }.joined(separator: ", ")
  }
}
