import SequentIR

/// The body of a backward scan while it is cut out of a step and its gradient.
///
/// Values of the forward step become arguments: its inputs, the states and values that were saved,
/// its invariants. What is cheap and has no row per batch row is computed again.
struct BackwardBody {
  /// Where a gradient will be found once the backward scan stands.
  indirect enum Result {
    /// A stack `[batch, time, …]`: one of the scan's results, or a stack that was there before.
    case stack(Stack)
    /// A product of two stacks over all rows and steps.
    case contract(Stack, Stack)
    /// A stack summed over batch and time.
    case rowSum(Stack)
    /// A carried sum, by its position among the carried values.
    case carried(Int)
    /// The sum of two.
    case sum(Result, Result)
  }

  /// A value of every step: an output of the backward scan, or an operand that is stacked already.
  enum Stack {
    case output(Int)
    case outer(Value)
  }

  /// The graph around the scan.
  var outer: GradientBuilder
  private let step: BackwardStep
  private let saved: SavedValues
  private let node: Node
  private var carried: [(argument: Value, initial: Value, next: Value)] = []
  private var scanned: [(argument: Value, operand: Value)] = []
  private var outputs: [Value] = []
  /// The step's graph, to which carried sums and masks are added.
  private var builder: GradientBuilder

  init(_ step: BackwardStep, _ saved: SavedValues, _ node: Node, _ outer: GradientBuilder) {
    self.step = step
    self.saved = saved
    self.node = node
    self.outer = outer
    builder = GradientBuilder(step.graph)
    builder.origin = node.origin
  }

  /// Carries the gradient of a state; rows past their end keep it.
  mutating func carry(state: Int, initial: Value) throws(TypeError) {
    guard let argument = step.upstream[state] else { return }
    let computed: Value
    if let gradient = step.gradients[state] {
      computed = gradient
    } else {
      computed = try builder.zeros(builder.type(of: argument))
    }
    let next = try builder.masked(computed, by: step.live, otherwise: argument)
    carried.append((argument, initial, next))
  }

  /// Feeds an argument of the step from a stack, slice by slice.
  mutating func scan(_ argument: Value, over operand: Value) {
    scanned.append((argument, operand))
  }

  /// Feeds the mask of live rows: time < length.
  mutating func scanLiveRows(lengths: Value, time: Dimension) throws(TypeError) {
    guard let live = step.live else { return }
    let batch = outer.type(of: lengths).shape[0]
    let positions = try outer.emit(.iota(Iota(shape: [batch, time], axis: 1)), name: "position")
    let column = try outer.reshape(lengths, to: [batch, 1])
    scan(live, over: try outer.emit(.compare(.less), positions, column, name: "live"))
  }

  /// Gives a value of the step at every time; rows past their end give zeros.
  mutating func stack(_ value: Value) throws(TypeError) -> Result {
    .stack(try output(value))
  }

  private mutating func output(_ value: Value) throws(TypeError) -> Stack {
    outputs.append(try builder.masked(value, by: step.live))
    return .output(outputs.count - 1)
  }

  /// Gives the sum of a value over all steps.
  mutating func total(_ value: Value) throws(TypeError) -> Result {
    // A stack of all steps is what running steps again is to avoid.
    guard !saved.isRecomputed, let producer = builder.graph.producer(of: value) else {
      return try accumulate(value)
    }
    switch producer.operation {
    case .binary(.add)
    where builder.type(of: producer.operands[0]) == builder.type(of: value)
      && builder.type(of: producer.operands[1]) == builder.type(of: value):
      let left = try total(producer.operands[0])
      return .sum(left, try total(producer.operands[1]))
    case .contract:
      let left = try stacked(producer.operands[0])
      return .contract(left, try stacked(producer.operands[1]))
    case .reduce(let reduce) where reduce.function == .sum && reduce.axes == [0]:
      return .rowSum(try stacked(producer.operands[0]))
    case .reshape: return try total(producer.operands[0])
    default: return try accumulate(value)
    }
  }

  /// The stack of a value: one that the forward scan read or saved, or a new output.
  private mutating func stacked(_ value: Value) throws(TypeError) -> Stack {
    if let stack = forwardStack(value) { return .outer(stack) }
    if let known = scanned.first(where: { $0.argument == value }), step.live == nil {
      return .outer(known.operand)
    }
    return try output(value)
  }

  private mutating func accumulate(_ all: Value) throws(TypeError) -> Result {
    let value = try ofLiveRows(all)
    let type = builder.type(of: value)
    let argument = builder.graph.addArgument(type, name: "sum")
    let initial = try outer.zeros(type)
    carried.append((argument, initial, try builder.emit(.binary(.add), argument, value)))
    return .carried(carried.count - 1)
  }

  /// A gradient, or a sum of gradients over rows, without rows past their end: what was saved there is
  /// zeros, by which the step's gradient may have divided.
  private mutating func ofLiveRows(_ value: Value) throws(TypeError) -> Value {
    guard let live = step.live else { return value }
    if builder.graph.producer(of: value).map({ $0.operation.keepsZeros }) ?? false { return value }
    let batch = builder.type(of: live).shape[0]
    func hasRows(_ value: Value) -> Bool { builder.type(of: value).shape.first == batch }
    if hasRows(value) { return try builder.masked(value, by: live) }
    guard let node = builder.graph.producer(of: value) else { return value }
    switch node.operation {
    case .reduce(let reduce) where reduce.axes.first == 0 && hasRows(node.operands[0]):
      return try builder.emit(node.operation, builder.masked(node.operands[0], by: live))
    case .contract where hasRows(node.operands[1]):
      return try builder.emit(
        node.operation, node.operands[0], builder.masked(node.operands[1], by: live))
    case .reshape(let reshape):
      return try builder.reshape(ofLiveRows(node.operands[0]), to: reshape.shape)
    default:
      return value
    }
  }

  /// The stack that holds a value of the forward step: a scanned input, or something saved.
  private func forwardStack(_ value: Value) -> Value? {
    if let result = saved.results[value] { return node.results[result] }
    guard case .argument(let position) = builder.graph.definition(of: value),
      position >= saved.scan.carryCount,
      position < saved.scan.carryCount + saved.scan.scannedCount
    else { return nil }
    return node.operands[position]
  }

  /// Adds the scan to the graph around it: the carried values' final ones, then the outputs.
  mutating func finish(time: Dimension, isReversed: Bool) throws(TypeError) -> [Value] {
    let results = carried.map(\.next) + outputs
    var body = Graph()
    var mapping: [Value: Value] = [:]
    func argument(_ value: Value) -> Value {
      let new = body.addArgument(builder.type(of: value), name: builder.graph.name(of: value))
      mapping[value] = new
      return new
    }
    for carry in carried { _ = argument(carry.argument) }
    // First what is scanned, then the invariants: both are known only after a look at all nodes.
    let needed = neededForwardValues(results)
    for value in needed.scanned { scanned.append((value, forwardStack(value) ?? value)) }
    for (value, _) in scanned where mapping[value] == nil { _ = argument(value) }
    for value in needed.invariants { _ = argument(value) }
    for index in needed.nodes {
      let node = builder.graph.nodes[index]
      let new = try body.append(
        node.operation, node.operands.compactMap { mapping[$0] },
        names: node.results.map(builder.graph.name(of:)), origin: node.origin)
      for (old, new) in zip(node.results, new) { mapping[old] = new }
    }
    body.results = results.compactMap { mapping[$0] }
    let invariants = needed.invariants.map { value -> Value in
      guard case .argument(let position) = builder.graph.definition(of: value) else { return value }
      return node.operands[position]
    }
    let scan = Scan(
      time: time, carryCount: carried.count, scannedCount: scanned.count, isReversed: isReversed,
      body: body)
    return try outer.graph.append(
      .scan(scan), carried.map(\.initial) + scanned.map(\.operand) + invariants,
      names: ["gradient"], origin: node.origin)
  }

  /// What the results depend on: stacks and invariants of the forward step, and nodes in order.
  private func neededForwardValues(
    _ results: [Value]
  ) -> (scanned: [Value], invariants: [Value], nodes: [Int]) {
    let graph = builder.graph
    let given = Set(carried.map(\.argument) + scanned.map(\.argument))
    var stacks: [Value] = []
    var invariants: [Value] = []
    var nodes: Set<Int> = []
    var visited: Set<Value> = []
    var pending = results
    while let value = pending.popLast() {
      guard !given.contains(value), visited.insert(value).inserted else { continue }
      if forwardStack(value) != nil {
        stacks.append(value)
      } else if case .node(let index, _) = graph.definition(of: value) {
        nodes.insert(index)
        pending += graph.nodes[index].operands
      } else {
        invariants.append(value)
      }
    }
    let order = { (values: [Value]) in values.sorted { $0.index < $1.index } }
    return (order(stacks), order(invariants), nodes.sorted())
  }
}

extension BackwardBody.Result {
  /// The gradient itself, in the graph around the scan.
  func value(
    in results: [Value], of type: TensorType, _ b: inout GradientBuilder
  ) throws(TypeError) -> Value {
    let carriedCount = results.count - outputCount(in: results, b)
    func resolve(_ stack: BackwardBody.Stack) -> Value {
      switch stack {
      case .output(let position): results[carriedCount + position]
      case .outer(let value): value
      }
    }
    switch self {
    case .stack(let stack): return resolve(stack)
    // A sum or product that was taken before a reshape gets its shape here.
    case .contract(let left, let right):
      let product = try b.emit(.contract(Contract()), resolve(left), resolve(right))
      return try b.reshape(product, to: type.shape)
    case .rowSum(let stack):
      let sum = try b.emit(.reduce(Reduce(.sum, axes: [0, 1])), resolve(stack))
      return try b.reshape(sum, to: type.shape)
    case .carried(let position): return try b.reshape(results[position], to: type.shape)
    case .sum(let left, let right):
      return try b.emit(
        .binary(.add), left.value(in: results, of: type, &b),
        right.value(in: results, of: type, &b))
    }
  }

  /// How many of a backward scan's results are stacks.
  private func outputCount(in results: [Value], _ b: GradientBuilder) -> Int {
    guard let first = results.first, case .scan(let scan)? = b.graph.producer(of: first)?.operation
    else { return 0 }
    return results.count - scan.carryCount
  }
}

extension Operation {
  /// Whether a gradient kernel gives zeros for a row whose saved values and gradient are zeros.
  fileprivate var keepsZeros: Bool {
    if case .attentionGradient = self { true } else { false }
  }
}
