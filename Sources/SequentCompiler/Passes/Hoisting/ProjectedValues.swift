import SequentIR

/// The values of a scan's body that can be computed for all steps at once.
///
/// They depend on scanned inputs and invariants alone, through operations that mean the same with
/// time as one more axis: elementwise ones whose other operand has no axis of the batch, and
/// products with a matrix, `[batch, k]·[k, n]` → `[batch, time, k]·[k, n]`.
struct ProjectedValues {
  /// Values that are the same in every step.
  let invariants: Set<Value>
  /// Values that can be computed for all steps at once, by whether a product is among what they
  /// take.
  private(set) var containsProduct: [Value: Bool] = [:]

  init(_ scan: Scan) {
    let body = scan.body
    var invariants = Set(body.arguments.dropFirst(scan.carryCount + scan.scannedCount))
    for node in body.nodes where node.operands.allSatisfy(invariants.contains) {
      invariants.formUnion(node.results)
    }
    self.invariants = invariants
    for argument in body.arguments.dropFirst(scan.carryCount).prefix(scan.scannedCount) {
      containsProduct[argument] = false
    }
    for node in body.nodes {
      switch node.operation {
      case .unary:
        containsProduct[node.results[0]] = containsProduct[node.operands[0]]
      case .binary where isProjected(node, in: body):
        containsProduct[node.results[0]] = node.operands.contains { containsProduct[$0] == true }
      case .matmul
      where containsProduct[node.operands[0]] != nil && invariants.contains(node.operands[1])
        && body.type(of: node.operands[1]).rank == 2:
        containsProduct[node.results[0]] = true
      default: break
      }
    }
  }

  /// Whether every operand is projected with all axes of the result, or invariant with fewer.
  private func isProjected(_ node: Node, in body: Graph) -> Bool {
    let rank = body.type(of: node.results[0]).rank
    return node.operands.contains { containsProduct[$0] != nil }
      && node.operands.allSatisfy { operand in
        let other = body.type(of: operand).rank
        return containsProduct[operand] != nil ? other == rank : isBias(operand, rank, in: body)
      }
  }

  /// Whether a value is the same in every step and for all rows of a result of a rank.
  func isBias(_ value: Value, _ rank: Int, in body: Graph) -> Bool {
    invariants.contains(value) && body.type(of: value).rank < rank
  }

  /// Whether a value can be computed for all steps at once and has a product in it.
  func isProjection(_ value: Value) -> Bool { containsProduct[value] == true }

  /// The projections that something else in the body, or its results, need.
  func frontier(in body: Graph) -> [Value] {
    var needed = Set(body.results)
    for node in body.nodes where !node.results.allSatisfy(isProjection) {
      needed.formUnion(node.operands)
    }
    return body.nodes.flatMap(\.results).filter { isProjection($0) && needed.contains($0) }
  }
}
