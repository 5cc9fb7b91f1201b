import SequentIR

/// Moves what is the same in every step out of a scan.
///
///     %y = scan %h0, %x, @a, @b {…}             %ab = add @a, @b
///       body(%h, %x, %a, %b) {             →    %y = scan %h0, %x, %ab {…}
///         %ab = add %a, %b                        body(%h, %x, %ab) {
///         %n = add %h, %ab                          %n = add %h, %ab
///
/// Constants, positions and masks stay: patterns look for them in the body, and they cost little there.
let hoistLoopInvariants = Pass(
  "hoist-loop-invariants", "what is the same in every step of a scan is computed once"
) { graph, context in try hoisted(graph, &context) }

private func hoisted(_ graph: Graph, _ context: inout PassContext) throws -> Graph {
  try GraphRewriter.rewrite(graph) { rewriter, node, _ in
    guard case .scan(var scan) = node.operation else { return nil }
    // Innermost first: what leaves the inner scan may leave the outer one too.
    scan = scan.replacing(body: try hoisted(scan.body, &context))
    var parts = ScanParts(scan, operands: try rewriter.values(node.operands))
    let invariant = InvariantNodes(scan)
    if !invariant.frontier.isEmpty {
      context.matched(
        "moved \(invariant.frontier.count == 1 ? "a value" : "\(invariant.frontier.count) values")"
          + " out of the scan: "
          + invariant.frontier.map { "%\(scan.body.name(of: $0))" }.joined(separator: ", "),
        node, in: graph)
    }
    var outside = BodyCopier(scan.body)
    for slot in parts.invariants { slot.values.forEach { outside.map($0, to: slot.operand) } }
    for value in invariant.frontier {
      parts.invariants.append(
        ScanParts.Slot(
          operand: try outside.copy(value, to: &rewriter),
          type: scan.body.type(of: value), name: scan.body.name(of: value), values: [value]))
    }
    parts.invariants.removeAll { $0.values.allSatisfy { !invariant.needed.contains($0) } }
    let (operation, operands) = try parts.rebuilt()
    return try rewriter.append(operation, operands, replacing: node)
  }
}

/// What of a scan's body does not depend on the step.
private struct InvariantNodes {
  /// The values computed without the step that the rest of the body, or its results, need.
  private(set) var frontier: [Value] = []
  /// What the rest of the body, or its results, need.
  private(set) var needed: Set<Value>

  init(_ scan: Scan) {
    let body = scan.body
    var invariant = Set(body.arguments.dropFirst(scan.carryCount + scan.scannedCount))
    var hoistable: Set<Value> = []
    for node in body.nodes where node.operands.allSatisfy(invariant.contains) {
      invariant.formUnion(node.results)
      if case .constant = node.operation { continue }
      let types = body.types(of: node.operands + node.results)
      if types.contains(where: { $0.elementType == .float32 }) {
        hoistable.formUnion(node.results)
      }
    }
    needed = Set(body.results)
    for node in body.nodes where !node.results.allSatisfy(hoistable.contains) {
      needed.formUnion(node.operands)
    }
    for node in body.nodes {
      frontier += node.results.filter { hoistable.contains($0) && needed.contains($0) }
    }
  }
}

/// Copies nodes of a scan's body to the graph around the scan, each once.
struct BodyCopier {
  private let body: Graph
  private var mapping: [Value: Value] = [:]

  init(_ body: Graph) { self.body = body }

  /// Says what a value of the body is outside.
  mutating func map(_ value: Value, to outside: Value) { mapping[value] = outside }

  /// A value of the body outside, with all that it needs.
  mutating func copy(_ value: Value, to rewriter: inout GraphRewriter) throws -> Value {
    if let outside = mapping[value] { return outside }
    guard let node = body.producer(of: value) else {
      throw TypeError("%\(body.name(of: value)) is not known outside of the scan")
    }
    var operands: [Value] = []
    for operand in node.operands { operands.append(try copy(operand, to: &rewriter)) }
    let results = try rewriter.append(
      node.operation, operands, names: node.results.map(body.name(of:)), origin: node.origin)
    for (old, new) in zip(node.results, results) { mapping[old] = new }
    return try copy(value, to: &rewriter)
  }
}
