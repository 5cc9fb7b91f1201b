import SequentIR

/// Makes one kernel of the pointwise part of an lstm or gru step whose gates' products are merged.
///
///     %i = slice %x {…}   %k = slice %g {…}   …
///     %a = add %i, %k                              →    %h, %c = recurrent_cell %x, %g, %old
///     %s = sigmoid %a     …                                        {cell = lstm}
///     %h = multiply %o, %t
///
/// For steps that no sequence kernel takes: those fed by attention, or a function of one step. A
/// plain rnn's step is one product with an epilogue, which fuse-epilogue makes.
let fuseRecurrentCell = Pass(
  "fuse-recurrent-cell", "pointwise part of an lstm or gru step → one kernel"
) { graph, context in
  try rewriteEverywhere(graph, &context) { graph, _, context in
    explainOtherCells(of: graph, &context)
    let uses = GraphUses(graph)
    var cells: [Int: FusableCell] = [:]
    for pattern in CellPattern.all(in: graph, uses) {
      guard let hidden = graph.producerIndex(of: pattern.newState[0]) else { continue }
      do throws(Miss) {
        let cell = try FusableCell(pattern, in: graph, uses)
        cells[cell.index] = cell
        context.matched("fused \(pattern.kind.rawValue)", graph.nodes[hidden], in: graph)
      } catch {
        context.missed("not fused: \(error.reason)", graph.nodes[hidden], in: graph)
      }
    }
    return try GraphRewriter.rewrite(graph) { rewriter, node, index in
      guard let cell = cells[index] else { return nil }
      try cell.add(replacing: node, &rewriter)
      return []
    }
  }
}

/// Says of every scan over another cell why it has no kernel.
private func explainOtherCells(of graph: Graph, _ context: inout PassContext) {
  for node in graph.nodes {
    guard case .scan(let scan) = node.operation, scan.carryCount > 0 else { continue }
    let body = scan.body
    let isFused = body.nodes.contains { node in
      if case .recurrentCell = node.operation { true } else { false }
    }
    if isFused { continue }
    do throws(Miss) {
      let pattern = try CellPattern(
        newHidden: body.results[0], states: scan.carryCount, in: body, GraphUses(body))
      guard pattern.kind == .rnnTanh || pattern.kind == .rnnRelu else { continue }
      context.missed(
        "not fused: an rnn's step is a product with an epilogue, left to fuse-epilogue", node,
        in: graph)
    } catch {
      context.missed("not fused: \(error.reason)", node, in: graph)
    }
  }
}

/// A cell whose gates are columns of merged sums.
private struct FusableCell {
  let pattern: CellPattern
  /// The node in whose place the kernel goes: the first that gives a part of the new state.
  let index: Int
  /// The merged sums that are added up for the input's side.
  let inputs: [Value]
  /// The merged sum of the hidden state's side; nil when there is but one side.
  let hidden: Value?

  init(_ pattern: CellPattern, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    guard pattern.kind != .gruResetBefore else {
      throw Miss("its reset gate acts between two products: no pointwise kernel")
    }
    self.pattern = pattern
    var sources: [[Value]] = []
    for (place, addends) in pattern.gates.enumerated() {
      sources.append(try Self.sources(of: addends, place, pattern, graph))
    }
    let reset = pattern.resetLeaves(in: graph, uses)
    if pattern.kind == .lstm {
      (inputs, hidden) =
        sources[0].count > 1
        ? (Array(sources[0].dropLast()), sources[0].last) : (sources[0], nil)
    } else {
      let inner = try Self.sources(of: reset, sources.count - 1, pattern, graph)
      guard inner.count == 1 else {
        throw Miss("the reset gate acts on a sum of \(inner.count) merged products, not of one")
      }
      (inputs, hidden) = (sources[2], inner[0])
      sources[2] += inner
    }
    for (name, gate) in zip(pattern.kind.gates, sources)
    where gate.sorted(by: { $0.index < $1.index })
      != sources[0].sorted(by: { $0.index < $1.index })
    {
      throw Miss(
        "gate '\(name)' takes other products than gate '\(pattern.kind.gates[0])'")
    }
    index = pattern.newState.compactMap { graph.producerIndex(of: $0) }.min() ?? 0
    let leaves = pattern.gates.flatMap { $0 } + reset + (pattern.state.map { [$0] } ?? [])
    let inner = graph.nodes(giving: pattern.newState, from: Set(leaves))
    for node in inner.sorted() {
      for value in graph.nodes[node].results
      where !pattern.newState.contains(value) && !uses.areWithin(inner, value)
        && graph.splat(of: value) == nil
      {
        throw Miss("%\(graph.name(of: value)), a value inside the cell, is used elsewhere")
      }
    }
  }

  /// The merged sums that a gate's addends are the columns of.
  private static func sources(
    of addends: [Value], _ place: Int, _ pattern: CellPattern, _ graph: Graph
  ) throws(Miss) -> [Value] {
    let name = pattern.kind.gates[place]
    var result: [Value] = []
    for addend in addends {
      guard let node = graph.producer(of: addend), case .slice(let slice) = node.operation,
        graph.type(of: addend).rank == 2, slice.axis == 1,
        let width = graph.type(of: node.operands[0]).width?.staticSize,
        let size = slice.size.staticSize, width == size * pattern.kind.gates.count
      else {
        throw Miss(
          "gate '\(name)' adds \(graph.describe(addend)), not a column of the gates' merged product"
        )
      }
      guard slice.start.staticSize == place * size else {
        throw Miss(
          "gate '\(name)' is not in place \(place) of the merged product "
            + graph.describe(node.operands[0]))
      }
      result.append(node.operands[0])
    }
    return result
  }

  func add(replacing node: Node, _ rewriter: inout GraphRewriter) throws {
    let parts = try rewriter.values(inputs)
    let type = hidden.map { rewriter.source.type(of: $0) } ?? rewriter.source.type(of: inputs[0])
    // Only one side: the other is zero.
    let zeros = Operation.constant(Constant(0, shape: type.shape))
    let x =
      try parts.isEmpty
      ? rewriter.append(zeros, origin: node.origin)
      : parts.dropFirst().reduce(parts[0]) {
        try rewriter.append(.binary(.add), $0, $1, origin: node.origin)
      }
    let h = try hidden.map { try rewriter.value($0) } ?? rewriter.append(zeros, origin: node.origin)
    let state = try pattern.state.map { [try rewriter.value($0)] } ?? []
    let results = try rewriter.append(
      .recurrentCell(FusedRecurrentCell(pattern.kind)), [x, h] + state, names: pattern.newState,
      of: node)
    for (old, new) in zip(pattern.newState, results) { rewriter.replace(old, by: new) }
  }
}
