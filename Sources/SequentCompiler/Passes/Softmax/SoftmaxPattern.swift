import SequentIR

/// A softmax over the last axis, recognised from its result, with what precedes it.
///
/// y = e / Σe, e = exp(s - max s), s = scale · x + mask or select(mask, scale · x, -∞). The guards of
/// the masked form, which give zeros for a row masked whole, may be there or not.
struct SoftmaxPattern {
  /// What is multiplied by the scale.
  private(set) var operand: Value
  /// What the operand is multiplied by.
  private(set) var scale = 1.0
  /// What masks, and how.
  private(set) var mask: (value: Value, kind: FusedSoftmax.Mask)?
  /// What the mask is multiplied by, when the scale comes after it.
  private(set) var maskScale = 1.0
  /// Why less than everything that could be is in the pattern.
  private(set) var remark: String?

  private var inner: Set<Int> = []

  /// Whether a node is the division that ends something like a softmax.
  static func isCandidate(_ node: Node, in graph: Graph) -> Bool {
    node.operation == .binary(.divide)
      && graph.operand(of: .exponential, giving: node.operands[0]) != nil
  }

  /// Recognises a softmax, or throws the first reason why it is none.
  init(endingAt index: Int, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    let root = graph.nodes[index]
    let (weights, divisor) = (root.operands[0], root.operands[1])
    guard let shifted = graph.operand(of: .exponential, giving: weights) else {
      throw Miss("its numerator is not an exponential")
    }
    let sum = graph.guarded(divisor, by: 0, with: 1)
    guard graph.reduction(.sum, giving: sum) == weights else {
      throw Miss(
        "its divisor is \(graph.describe(divisor)), not the sum of its numerator over the last axis"
      )
    }
    guard let (scores, shift) = graph.operands(of: .subtract, giving: shifted) else {
      throw Miss("its exponent is \(graph.describe(shifted)), not x - max x")
    }
    let largest = graph.guarded(shift, by: -.infinity, with: 0)
    guard graph.reduction(.maximum, giving: largest) == scores else {
      throw Miss(
        "what is subtracted, \(graph.describe(shift)), is not the largest over the last axis")
    }
    operand = scores
    inner = graph.nodes(giving: root.results, from: [scores])
    for node in inner.sorted() where node != index {
      for value in graph.nodes[node].results
      where !uses.areWithin(inner, value) && graph.splat(of: value) == nil {
        throw Miss("%\(graph.name(of: value)), a value inside it, is used elsewhere")
      }
    }
    absorb(in: graph, uses)
  }

  /// Takes scale and mask in, from the softmax outwards, as far as their results go nowhere else.
  private mutating func absorb(in graph: Graph, _ uses: GraphUses) {
    while let node = graph.producer(of: operand), let index = graph.producerIndex(of: operand) {
      var next = self
      guard next.takeScale(node, in: graph) || next.takeMask(node, in: graph) else { return }
      guard uses.areWithin(inner, operand) else {
        remark = "%\(graph.name(of: operand)) stays, it is used elsewhere"
        return
      }
      next.inner.insert(index)
      self = next
    }
  }

  /// s = x · a, a · x or x / a: under a mask added later, the mask is not scaled.
  private mutating func takeScale(_ node: Node, in graph: Graph) -> Bool {
    guard let (x, factor) = graph.scaled(node.results[0]), factor != 0, factor.isFinite else {
      return false
    }
    // Before a selecting mask, -∞ must stay -∞ under what follows: see `takeMask`.
    (operand, scale) = (x, scale * factor)
    return true
  }

  private mutating func takeMask(_ node: Node, in graph: Graph) -> Bool {
    guard mask == nil else { return false }
    let type = graph.type(of: node.results[0])
    if case .select = node.operation {
      // scale · select(m, x, -∞) = select(m, scale · x, -∞) for a scale above zero
      guard scale > 0, graph.splat(of: node.operands[2]) == -.infinity,
        graph.type(of: node.operands[1]) == type
      else { return false }
      (operand, mask) = (node.operands[1], (node.operands[0], .select))
      return true
    }
    guard let (left, right) = graph.operands(of: .add, giving: node.results[0]) else {
      return false
    }
    // The scores have the whole shape; of two that have it, those that are scaled.
    let isLeft = graph.type(of: left) == type
    let isRight = graph.type(of: right) == type
    let takesRight = isRight && (!isLeft || graph.scaled(left) == nil && graph.scaled(right) != nil)
    guard isLeft || isRight else { return false }
    (operand, mask) = takesRight ? (right, (left, .additive)) : (left, (right, .additive))
    maskScale = scale
    return true
  }
}

extension Graph {
  /// What a function gives over the last axis, kept with size 1: its operand.
  func reduction(_ function: Reduce.Function, giving value: Value) -> Value? {
    guard let node = producer(of: value), case .reduce(let reduce) = node.operation,
      reduce.function == function, reduce.keepsAxes,
      reduce.axes == [type(of: node.operands[0]).lastAxis]
    else { return nil }
    return node.operands[0]
  }

  /// x of `select(x == special, replacement, x)`; the value itself when it is not guarded.
  fileprivate func guarded(
    _ value: Value, by special: Double, with replacement: Double
  ) -> Value {
    guard let node = producer(of: value), case .select = node.operation,
      splat(of: node.operands[1]) == replacement,
      let comparison = producer(of: node.operands[0]), comparison.operation == .compare(.equal)
    else { return value }
    let x = node.operands[2]
    let (left, right) = (comparison.operands[0], comparison.operands[1])
    let isGuard =
      left == x && splat(of: right) == special || right == x && splat(of: left) == special
    return isGuard ? x : value
  }

  /// x and a of a value that is x · a, a · x or x / a, a the same number for all elements.
  func scaled(_ value: Value) -> (operand: Value, factor: Double)? {
    for (x, factor) in orders(of: .multiply, giving: value) {
      if let factor = splat(of: factor), type(of: x) == type(of: value) { return (x, factor) }
    }
    if let (x, divisor) = operands(of: .divide, giving: value),
      let divisor = splat(of: divisor), type(of: x) == type(of: value)
    {
      return (x, 1 / divisor)
    }
    return nil
  }
}
