import SequentIR

/// A gradient that cannot be had.
public struct DifferentiationError: Error, CustomStringConvertible {
  /// What and where.
  public let message: String

  /// The message.
  public var description: String { message }
}

/// The reverse sweep over a graph: from gradients of results to gradients of everything before.
///
/// Rules live beside the operations; this file only walks, adds up and asks.
struct ReverseSweep {
  var builder: GradientBuilder
  private var gradients: [Value: Value] = [:]
  private let forwardCount: Int
  private let isWanted: [Bool]
  private let saved: [Int: SavedValues]

  /// Prepares a sweep over the nodes that a graph has now.
  ///
  /// - Parameters:
  ///   - sources: the values whose gradients are wanted; work for others is not done.
  ///   - saved: what the graph's scans save, by the node's position.
  init(_ graph: Graph, sources: Set<Value>, saved: [Int: SavedValues]) {
    self.saved = saved
    builder = GradientBuilder(graph)
    forwardCount = graph.nodes.count
    var isWanted = Array(repeating: false, count: graph.valueCount)
    for source in sources { isWanted[Int(source.index)] = true }
    for node in graph.nodes where node.operands.contains(where: { isWanted[Int($0.index)] }) {
      for result in node.results where graph.type(of: result).elementType == .float32 {
        isWanted[Int(result.index)] = true
      }
    }
    self.isWanted = isWanted
  }

  /// Adds what computes all gradients, given those of some values.
  mutating func run(seeds: [(value: Value, gradient: Value)]) throws(TypeError) {
    for (value, gradient) in seeds { try add(gradient, to: value) }
    for index in (0..<forwardCount).reversed() {
      let node = builder.graph.nodes[index]
      let upstream = node.results.map { gradients[$0] }
      guard upstream.contains(where: { $0 != nil }),
        node.operands.contains(where: { isWanted[Int($0.index)] })
      else { continue }
      builder.origin = node.origin
      let results = try rule(node, index, upstream)
      for (operand, gradient) in zip(node.operands, results) {
        if let gradient, isWanted[Int(operand.index)] { try add(gradient, to: operand) }
      }
    }
  }

  private mutating func rule(
    _ node: Node, _ index: Int, _ upstream: [Value?]
  ) throws(TypeError) -> [Value?] {
    if let saved = saved[index] {
      let wanted = node.operands.map { isWanted[Int($0.index)] }
      return try ScanGradient(saved, node, isWanted: wanted).gradients(upstream, &builder)
    }
    return try node.operation.rule.gradient(of: node, upstream: upstream, &builder)
  }

  private mutating func add(_ gradient: Value, to value: Value) throws(TypeError) {
    gradients[value] = try builder.sum(gradients[value], gradient)
  }

  /// The gradient of a value, or nil where nothing depends on it.
  func gradient(of value: Value) -> Value? { gradients[value] }
}

extension Function {
  /// This function with gradients of one of its results among its results.
  ///
  /// - Parameters:
  ///   - loss: the result that is differentiated; its elements are summed if it has several.
  ///   - sources: the parameters and inputs whose gradients are wanted. A source that the loss does
  ///     not depend on has a gradient of zeros.
  ///   - saving: of which steps of recurrences the forward pass keeps what the gradient needs.
  /// - Returns: the function with a further result `gradient.SOURCE` for every source, in order.
  /// - Throws: `DifferentiationError` for a name that there is not or that is not f32; `TypeError`
  ///   should a rule be wrong.
  public func differentiated(
    _ loss: String, withRespectTo sources: [String], saving steps: SavedSteps = .all,
    named name: String = "gradient"
  ) throws -> Function {
    let saving = try SavingStates(graph, steps)
    let graph = saving.graph
    guard let position = resultNames.firstIndex(of: loss) else {
      throw DifferentiationError(
        message: "\(self.name) has no result '\(loss)'; it has "
          + resultNames.joined(separator: ", "))
    }
    var values: [Value] = []
    for source in sources {
      guard let value = graph.value(ofSource: source) else {
        throw DifferentiationError(message: "\(self.name) has no input or parameter '\(source)'")
      }
      guard graph.type(of: value).elementType == .float32 else {
        throw DifferentiationError(
          message: "'\(source)' is \(graph.type(of: value)): only real numbers have gradients")
      }
      values.append(value)
    }
    let result = graph.results[position]
    guard graph.type(of: result).elementType == .float32 else {
      throw DifferentiationError(
        message: "result '\(loss)' is \(graph.type(of: result)), expected real numbers")
    }
    var sweep = ReverseSweep(graph, sources: Set(values), saved: saving.saved)
    try sweep.run(seed: result)
    var gradients: [Value] = []
    for value in values { gradients.append(try sweep.gradientOrZeros(of: value)) }
    var whole = sweep.builder.graph
    whole.results = graph.results + gradients
    return Function(
      name: name, graph: whole, resultNames: resultNames + sources.map { "gradient.\($0)" },
      states: states)
  }
}

extension ReverseSweep {
  /// Runs from a single value whose gradient is one everywhere.
  mutating func run(seed value: Value) throws(TypeError) {
    let type = builder.type(of: value)
    let one = try builder.emit(.constant(Constant(1, shape: type.shape)), name: "one")
    try run(seeds: [(value, one)])
  }

  /// The gradient of a value; zeros where nothing depends on it.
  mutating func gradientOrZeros(of value: Value) throws(TypeError) -> Value {
    if let gradient = gradient(of: value) { return gradient }
    return try builder.zeros(builder.type(of: value))
  }
}

extension Graph {
  /// The value of an input or a parameter.
  fileprivate func value(ofSource name: String) -> Value? {
    if let argument = arguments.first(where: { self.name(of: $0) == name }) { return argument }
    for node in nodes {
      if let value = node.operands.first(where: { parameterName(of: $0) == name }) { return value }
    }
    return nil
  }
}
