import SequentIR

/// Makes one kernel of a product of whose rows only the largest elements' positions are wanted.
///
///     %p = matmul %x, %w                  →   %y = matmul_argmax %x, %w
///     %y = argmax %p {axis = 1}
///
/// What is chosen greedily of a vocabulary: the kernel reads the fewest of its weights that prove which
/// token is the most probable.
let fuseArgMax = Pass(
  "fuse-argmax", "a product and the position of its rows' largest elements → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    let uses = GraphUses(graph)
    return try GraphRewriter.rewrite(graph) { rewriter, node, _ in
      guard case .argmax(let argmax) = node.operation else { return nil }
      do {
        let operands = try graph.factors(of: node.operands[0], argmax, uses)
        context.matched("fused with its product", node, in: graph)
        return try rewriter.append(
          .matmulArgMax(FusedArgMax()), rewriter.values(operands), replacing: node)
      } catch let miss as Miss {
        context.missed("not fused: \(miss.reason)", node, in: graph)
        return nil
      }
    }
  }
}

extension Graph {
  /// The operands of a product that is used for its rows' largest elements alone.
  fileprivate func factors(
    of product: Value, _ argmax: ArgMax, _ uses: GraphUses
  ) throws(Miss) -> [Value] {
    guard let node = producer(of: product), case .matmul = node.operation else {
      throw Miss("the largest are of \(describe(product)), not of a product")
    }
    guard argmax.axis == type(of: product).lastAxis else {
      throw Miss("axis \(argmax.axis) is not the product's columns")
    }
    guard type(of: node.operands[1]).rank == 2 else {
      throw Miss("the product's right operand, \(describe(node.operands[1])), is a batch")
    }
    guard uses.count(of: product) == 1 else {
      throw Miss("the product %\(name(of: product)) is used elsewhere")
    }
    return node.operands
  }
}
