import SequentIR

/// A cross-entropy, recognised from the sum that chooses the label's log-probability.
///
/// loss = -(1 - s)·log p[label] - s·mean(log p), and 0 where the label is ignored or a position does
/// not count.
struct CrossEntropyPattern {
  /// `[…, classes]`.
  let logits: Value
  /// i32 `[…]`.
  let labels: Value
  /// The share of the target that is spread over all classes.
  private(set) var smoothing = 0.0
  /// The label of positions that do not count.
  private(set) var ignored: Int?
  /// Booleans: the positions that count, when something else than their label says so.
  private(set) var counts: Value?
  /// The position of the node that gives the losses.
  private(set) var root: Int

  /// Whether a node sums what is chosen by comparing classes with labels.
  static func isCandidate(_ index: Int, _ graph: Graph) -> Bool {
    guard let choice = graph.chosen(by: graph.nodes[index]) else { return false }
    // A parameter's number, chosen by the same labels, is a weight of the loss, no loss.
    let operation = graph.producer(of: choice.values)?.operation
    return operation == .binary(.subtract) || operation == .binary(.multiply)
  }

  /// Recognises a cross-entropy, or throws the first reason why it is none.
  init(choosingAt index: Int, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    guard let choice = graph.chosen(by: graph.nodes[index]) else {
      throw Miss("nothing is chosen by a label")
    }
    let logarithms = choice.values
    if graph.operands(of: .multiply, giving: logarithms) != nil {
      throw Miss("%\(graph.name(of: logarithms)) has weights, which the kernel has not")
    }
    logits = try graph.logits(ofLogarithms: logarithms)
    labels = choice.labels
    root = index
    try climb(logarithms, in: graph, uses)
    let inner = graph.nodes(giving: graph.nodes[root].results, from: [logits, labels])
    let own = graph.nodes(giving: [logarithms], from: [logits])
    for node in own.sorted() {
      for value in graph.nodes[node].results
      where !uses.areWithin(inner, value) && graph.splat(of: value) == nil {
        throw Miss("%\(graph.name(of: value)), a value inside it, is used elsewhere")
      }
    }
  }

  /// From the chosen log-probability to the last node that belongs to the loss.
  private mutating func climb(
    _ logarithms: Value, in graph: Graph, _ uses: GraphUses
  ) throws(Miss) {
    func user(_ graph: Graph, _ root: Int) -> Int? {
      uses.onlyUser(of: graph.nodes[root].results[0])
    }
    guard let negation = user(graph, root), graph.nodes[negation].operation == .unary(.negate)
    else {
      throw Miss("the chosen log-probability is not negated, or used elsewhere")
    }
    root = negation
    takeSmoothing(of: logarithms, in: graph, uses)
    while let next = user(graph, root), case .select = graph.nodes[next].operation,
      takeSelection(graph.nodes[next], in: graph)
    { root = next }
  }

  // own · (1 - s) - mean(log p) · s
  private mutating func takeSmoothing(
    of logarithms: Value, in graph: Graph, _ uses: GraphUses
  ) {
    let own = graph.nodes[root].results[0]
    guard let scaling = uses.onlyUser(of: own),
      let (_, rest) = graph.scaled(graph.nodes[scaling].results[0]),
      let difference = uses.onlyUser(of: graph.nodes[scaling].results[0]),
      let (left, right) = graph.operands(
        of: .subtract, giving: graph.nodes[difference].results[0]),
      left == graph.nodes[scaling].results[0], let (mean, share) = graph.scaled(right),
      let node = graph.producer(of: mean), case .reduce(let reduce) = node.operation,
      reduce.function == .mean, !reduce.keepsAxes, node.operands[0] == logarithms,
      reduce.axes == [graph.type(of: logarithms).lastAxis], abs(1 - share - rest) < 1e-6
    else { return }
    smoothing = share
    root = difference
  }

  // select(label == ignored, 0, loss) or select(counts, loss, 0)
  private mutating func takeSelection(_ node: Node, in graph: Graph) -> Bool {
    let loss = graph.nodes[root].results[0]
    let (condition, yes, no) = (node.operands[0], node.operands[1], node.operands[2])
    guard counts == nil, graph.type(of: node.results[0]) == graph.type(of: loss) else {
      return false
    }
    if no == loss, graph.splat(of: yes) == 0, ignored == nil,
      let comparison = graph.producer(of: condition), comparison.operation == .compare(.equal),
      comparison.operands[0] == labels, let label = graph.splat(of: comparison.operands[1])
    {
      ignored = Int(exactly: label)
      return ignored != nil
    }
    guard yes == loss, graph.splat(of: no) == 0 else { return false }
    counts = condition
    return true
  }
}

extension Graph {
  /// What a sum over the last axis chooses: `select(class == label, values, 0)`.
  fileprivate func chosen(
    by node: Node
  ) -> (values: Value, labels: Value)? {
    guard case .reduce(let reduce) = node.operation, reduce.function == .sum, !reduce.keepsAxes,
      reduce.axes == [type(of: node.operands[0]).lastAxis],
      let choice = producer(of: node.operands[0]), case .select = choice.operation,
      splat(of: choice.operands[2]) == 0,
      let comparison = producer(of: choice.operands[0]), comparison.operation == .compare(.equal)
    else { return nil }
    for (classes, expanded) in [(0, 1), (1, 0)] {
      let (classes, expanded) = (comparison.operands[classes], comparison.operands[expanded])
      guard let iota = producer(of: classes), case .iota(let counting) = iota.operation,
        counting.axis == type(of: classes).lastAxis,
        let reshape = producer(of: expanded), case .reshape = reshape.operation
      else { continue }
      let labels = reshape.operands[0]
      guard type(of: expanded).shape == type(of: labels).shape + [1] else { continue }
      return (choice.operands[1], labels)
    }
    return nil
  }

  /// x of log softmax(x), the logarithms being (x - max x) - log Σ exp(x - max x).
  fileprivate func logits(ofLogarithms value: Value) throws(Miss) -> Value {
    guard let (centred, logarithm) = operands(of: .subtract, giving: value),
      let sum = operand(of: .logarithm, giving: logarithm)
    else {
      throw Miss("what is chosen, \(describe(value)), is not x - log Σ exp x")
    }
    guard let exponentials = reduction(.sum, giving: sum),
      operand(of: .exponential, giving: exponentials) == centred
    else {
      throw Miss("the logarithm is of \(describe(sum)), not of the sum of exponentials")
    }
    guard let (logits, largest) = operands(of: .subtract, giving: centred),
      reduction(.maximum, giving: largest) == logits
    else {
      throw Miss("the exponent is \(describe(centred)), not x - max x")
    }
    return logits
  }
}
