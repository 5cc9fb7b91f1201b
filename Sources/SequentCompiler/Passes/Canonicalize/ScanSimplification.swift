import SequentIR

/// Rebuilds a scan without what nobody uses, its body simplified.
///
/// - A number given to the scan becomes a constant of the body, where patterns see it.
/// - Two operands that are one value are one argument; two outputs that are one value, one output.
/// - A state that the body hands on unchanged is an invariant.
/// - Outputs without a use go; so do states that only feed themselves, and unused operands.
///
/// - Returns: the new values of the scan's results; those of unused ones are left out.
func simplifiedScan(
  _ scan: Scan, _ operands: [Value], _ node: Node, _ rewriter: inout GraphRewriter,
  _ context: inout PassContext,
  simplifyBody: (Graph, inout PassContext) throws -> Graph
) throws -> [Value] {
  let scan = scan.replacing(body: try simplifyBody(scan.body, &context))
  var parts = ScanParts(scan, operands: operands)
  for position in parts.unchangingStates() {
    rewriter.replace(node.results[position], by: operands[position])
  }
  parts.sinkConstants(in: rewriter.graph)
  parts.shareOperands()
  let used = node.results.map { rewriter.uses.count(of: $0) > 0 }
  parts.dropUnused(used)
  let aliases = parts.shareOutputs()
  guard !parts.keptResults.isEmpty else { return [] }
  let dropped = operands.count + node.results.count - parts.slotCount - parts.keptResults.count
  if dropped > 0 { context.count("simplified") }
  let (operation, newOperands) = try parts.rebuilt()
  let results = try rewriter.append(
    operation, newOperands, names: parts.keptResults.map { node.results[$0] }, of: node)
  for (position, result) in zip(parts.keptResults, results) {
    rewriter.replace(node.results[position], by: result)
    for alias in aliases[position] ?? [] {
      rewriter.replace(node.results[alias], by: result)
    }
  }
  return []
}

extension ScanParts {
  fileprivate var slotCount: Int {
    carried.count + scanned.count + invariants.count + (lengths == nil ? 0 : 1)
  }

  /// Makes states that the body hands on unchanged invariants.
  ///
  /// - Returns: the positions of these states, whose final value is the initial one.
  fileprivate mutating func unchangingStates() -> [Int] {
    let body = scan.body
    let positions = carried.indices.filter { body.results[$0] == body.arguments[$0] }
    for position in positions { invariants.append(carried[position]) }
    remove(states: Set(positions))
    return positions
  }

  /// Drops states: slots and results.
  private mutating func remove(states: Set<Int>) {
    let remaining = keptResults.filter { $0 < scan.carryCount }
    carried = zip(remaining, carried).filter { !states.contains($0.0) }.map(\.1)
    keptResults.removeAll { $0 < scan.carryCount && states.contains($0) }
  }

  fileprivate mutating func sinkConstants(in graph: Graph) {
    let sink = { (slots: [Slot], parts: inout ScanParts) -> [Slot] in
      slots.filter { slot in
        guard let number = graph.splat(of: slot.operand) else { return true }
        let constant = Constant(number, slot.type.elementType, shape: slot.type.shape)
        for value in slot.values { parts.constants.append((constant, value)) }
        return false
      }
    }
    scanned = sink(scanned, &self)
    invariants = sink(invariants, &self)
  }

  fileprivate mutating func shareOperands() {
    let share = { (slots: [Slot]) -> [Slot] in
      var result: [Slot] = []
      for slot in slots {
        if let same = result.firstIndex(where: { $0.operand == slot.operand }) {
          result[same].values += slot.values
        } else {
          result.append(slot)
        }
      }
      return result
    }
    scanned = share(scanned)
    invariants = share(invariants)
  }

  /// Drops results without a use, states that only feed themselves, operands that nothing needs.
  fileprivate mutating func dropUnused(_ used: [Bool]) {
    let body = scan.body
    var needed = keptResults.filter { used[$0] }
    var values: Set<Value>
    repeat {
      let results = needed.map { body.results[$0] }
      let live = body.liveNodes(from: results)
      values = Set(results)
      for (index, node) in body.nodes.enumerated() where live[index] {
        values.formUnion(node.operands)
      }
      let fed = keptResults.filter {
        $0 < scan.carryCount && !needed.contains($0) && values.contains(body.arguments[$0])
      }
      needed += fed
      if fed.isEmpty { break }
    } while true
    remove(states: Set(keptResults.filter { !needed.contains($0) }))
    keptResults.removeAll { !needed.contains($0) }
    scanned.removeAll { values.isDisjoint(with: $0.values) }
    invariants.removeAll { values.isDisjoint(with: $0.values) }
    constants.removeAll { !values.contains($0.value) }
  }

  /// Keeps one of the outputs that are the same value of the body.
  ///
  /// - Returns: for an output that is kept, the positions of those it stands for.
  fileprivate mutating func shareOutputs() -> [Int: [Int]] {
    var first: [Value: Int] = [:]
    var aliases: [Int: [Int]] = [:]
    keptResults.removeAll { position in
      guard position >= scan.carryCount else { return false }
      let value = scan.body.results[position]
      guard let kept = first[value] else {
        first[value] = position
        return false
      }
      aliases[kept, default: []].append(position)
      return true
    }
    return aliases
  }
}
