import SequentIR

/// Small questions that patterns ask of a graph.
extension Graph {
  /// The number that every element of a value is, when it is such a constant.
  func splat(of value: Value) -> Double? {
    switch producer(of: value)?.operation {
    case .constant(let constant)?: constant.splat
    case .broadcast?: producer(of: value).flatMap { splat(of: $0.operands[0]) }
    default: nil
    }
  }

  /// The operand of the function that gives a value.
  func operand(of function: Unary, giving value: Value) -> Value? {
    guard let node = producer(of: value), node.operation == .unary(function) else { return nil }
    return node.operands[0]
  }

  /// The operands of the function that gives a value.
  func operands(of function: Binary, giving value: Value) -> (Value, Value)? {
    guard let node = producer(of: value), node.operation == .binary(function) else { return nil }
    return (node.operands[0], node.operands[1])
  }

  /// Both orders of the operands of the function that gives a value: one where it does not commute,
  /// none for another operation.
  func orders(of function: Binary, giving value: Value) -> [(Value, Value)] {
    guard let (left, right) = operands(of: function, giving: value) else { return [] }
    return function.isCommutative ? [(left, right), (right, left)] : [(left, right)]
  }

  /// The positions of the nodes between some values and the leaves they are computed from.
  func nodes(giving values: [Value], from leaves: Set<Value>) -> Set<Int> {
    var result: Set<Int> = []
    var pending = values
    while let value = pending.popLast() {
      guard !leaves.contains(value), let index = producerIndex(of: value),
        result.insert(index).inserted
      else { continue }
      pending += nodes[index].operands
    }
    return result
  }

  /// The position of the node that gives a value.
  func producerIndex(of value: Value) -> Int? {
    guard case .node(let index, _) = definition(of: value) else { return nil }
    return index
  }

  /// The leaves of a tree of one associative function, left to right.
  ///
  /// Only inner nodes of the root's type whose single use is in the tree are opened: the others would
  /// be computed twice, or more often.
  func leaves(of function: Binary, under root: Value, _ uses: GraphUses) -> [Value] {
    guard let (left, right) = operands(of: function, giving: root) else { return [root] }
    return [left, right].flatMap { operand -> [Value] in
      guard uses.count(of: operand) == 1, type(of: operand) == type(of: root) else {
        return [operand]
      }
      return leaves(of: function, under: operand, uses)
    }
  }

  /// Whether a value is opened by `leaves` of a larger tree of the function.
  func isInner(_ value: Value, of function: Binary, _ uses: GraphUses) -> Bool {
    guard let user = uses.onlyUser(of: value).map({ nodes[$0] }) else { return false }
    return user.operation == .binary(function) && type(of: user.results[0]) == type(of: value)
  }

  /// The word for what gives a value, for explanations: `%gates, a slice`.
  func describe(_ value: Value) -> String {
    switch definition(of: value) {
    case .argument: "%\(name(of: value)), an argument"
    case .parameter(let name): "@\(name), a parameter"
    case .node(let index, _):
      "%\(name(of: value)), the result of \(nodes[index].operation.rule.mnemonic)"
    }
  }
}

extension TensorType {
  /// The number of the last axis.
  var lastAxis: Int { rank - 1 }

  /// The size of the last axis.
  var width: Dimension? { shape.last }
}

extension Dimension {
  /// The sum of sizes.
  static func sum(_ sizes: some Sequence<Dimension>) -> Dimension { sizes.reduce(0, +) }
}
