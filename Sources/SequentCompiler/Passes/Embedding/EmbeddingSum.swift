import SequentIR

/// A tree of sums taken apart into terms, each a lookup or other rows, times a number.
struct EmbeddingSum {
  /// One addend.
  struct Term {
    /// The table, or the rows themselves.
    let source: Value
    /// The rows' indices where they are looked up.
    let indices: Value?
    let scale: Double
    /// What is added, before it is multiplied.
    let rows: Value
  }

  /// The sum.
  let root: Value
  private(set) var terms: [Term] = []
  /// The positions of the nodes whose place the sum takes.
  private(set) var nodes: Set<Int> = []

  /// Takes apart what a node gives.
  init(at node: Node, in graph: Graph, _ uses: GraphUses) {
    root = node.results[0]
    add(root, in: graph, uses)
  }

  /// Adds a value's terms: only what has its single use here is opened.
  private mutating func add(_ value: Value, in graph: Graph, _ uses: GraphUses) {
    guard isOpen(value, uses), let operands = graph.operands(of: .add, giving: value) else {
      addTerm(value, in: graph, uses)
      return
    }
    take(value, in: graph)
    add(operands.0, in: graph, uses)
    add(operands.1, in: graph, uses)
  }

  private mutating func addTerm(_ value: Value, in graph: Graph, _ uses: GraphUses) {
    var (rows, scale) = (value, 1.0)
    if isOpen(value, uses),
      let (factor, number) = graph.orders(of: .multiply, giving: value).lazy
        .compactMap({ x, y in graph.splat(of: y).map { (x, $0) } }).first(where: { $0.1.isFinite }),
      graph.type(of: factor) == graph.type(of: value)
    {
      (rows, scale) = (factor, number)
      take(value, in: graph)
    }
    let gather = isOpen(rows, uses) ? graph.lookup(giving: rows) : nil
    if gather != nil { take(rows, in: graph) }
    terms.append(
      Term(
        source: gather?.operands[0] ?? rows, indices: gather?.operands[1], scale: scale,
        rows: rows))
  }

  private func isOpen(_ value: Value, _ uses: GraphUses) -> Bool {
    value == root || uses.count(of: value) == 1
  }

  private mutating func take(_ value: Value, in graph: Graph) {
    graph.producerIndex(of: value).map { _ = nodes.insert($0) }
  }

  /// The normalisations of the sum.
  func norms(in graph: Graph, _ uses: GraphUses) -> [Node] {
    uses.users(of: root).map { graph.nodes[$0] }.filter {
      guard case .normalization = $0.operation else { return false }
      return $0.operands[0] == root
    }
  }

  /// Whether something is looked up, and more is done with it.
  func isCandidate(in graph: Graph, _ uses: GraphUses) -> Bool {
    guard terms.contains(where: { graph.lookup(giving: $0.rows) != nil }) else { return false }
    return terms[0].rows != root || !norms(in: graph, uses).isEmpty
  }
}

extension Graph {
  /// The lookup of float rows that gives a value.
  func lookup(giving value: Value) -> Node? {
    guard let node = producer(of: value), case .gather = node.operation,
      type(of: value).elementType == .float32
    else { return nil }
    return node
  }
}
