import SequentIR

/// A graph whose scans and recurrent layers also give what their gradients will need, step by step.
///
/// A scan's body stays as it is; its results grow by the state that enters each step and by the
/// intermediate values that the backward step reads. Saved values are ordinary outputs, so memory
/// planning sees them, and one that turns out not to be needed goes as any unused output does.
/// Products give the slope of an activation that can't be had from its value, and are multiplied by a
/// factor afterwards: its gradient reads them.
struct SavingStates {
  /// The graph with the scans' further results.
  let graph: Graph
  /// What every scan saves, by the node's position.
  let saved: [Int: SavedValues]

  /// The graph with what of its recurrences' steps is to be saved.
  init(_ source: Graph, _ steps: SavedSteps) throws {
    switch steps {
    case .all: try self.init(source)
    case .every(let count):
      guard count > 0 else {
        throw DifferentiationError(
          message: "recurrences can save every first, second or later step, not every \(count)th")
      }
      let chunked = try ChunkedRecurrence(source, steps: count)
      try self.init(chunked.graph, recomputing: chunked.positions)
    }
  }

  /// - Parameter chunks: the positions of scans that save nothing but the states that enter a step:
  ///   their gradients run the step again.
  init(_ source: Graph, recomputing chunks: Set<Int> = []) throws(TypeError) {
    var graph = Graph()
    var saved: [Int: SavedValues] = [:]
    var mapping: [Value: Value] = [:]
    for argument in source.arguments {
      mapping[argument] = graph.addArgument(
        source.type(of: argument), name: source.name(of: argument))
    }
    func translate(_ value: Value) -> Value {
      if let new = mapping[value] { return new }
      return graph.parameter(source.name(of: value), source.type(of: value))
    }
    for (position, node) in source.nodes.enumerated() {
      var operation = node.operation
      var names = node.results.map(source.name(of:))
      switch operation {
      case .scan(let scan):
        let isRecomputed = chunks.contains(position)
        let values = try SavedValues(scan, isRecomputed: isRecomputed)
        saved[graph.nodes.count] = values
        operation = .scan(values.scan)
      case .recurrentSequence(let layer):
        operation = .recurrentSequence(layer.savingGates)
        names.append("saved")
      case .linear(let linear) where linear.hasFactor:
        let product = linear.withoutFactor.savingSlope
        let results = try graph.append(
          .linear(product), node.operands.dropLast().map(translate),
          names: ["product"] + (product.givesSlope ? ["slope"] : []), origin: node.origin)
        let factor = translate(node.operands[node.operands.count - 1])
        mapping[node.results[0]] = try graph.append(
          .binary(.multiply), [results[0], factor], names: names, origin: node.origin)[0]
        continue
      case .linear(let linear):
        operation = .linear(linear.savingSlope)
        if linear.savingSlope.givesSlope { names.append("slope") }
      default: break
      }
      let results = try graph.append(
        operation, node.operands.map(translate), names: names, origin: node.origin)
      for (old, new) in zip(node.results, results) { mapping[old] = new }
    }
    graph.results = source.results.map(translate)
    self.graph = graph
    self.saved = saved
  }
}

/// What one scan saves for its gradient.
struct SavedValues {
  /// The scan with further outputs: the states that enter each step, then intermediate values.
  let scan: Scan
  /// One step as the backward scan sees it: scans inside of it save, and its values are known.
  let step: Graph
  /// Whether the backward scan runs the step again, and so keeps nothing of the way there.
  let isRecomputed: Bool
  /// What scans inside of the body save, by position.
  let inner: [Int: SavedValues]
  /// For every value of the body that is saved, which of the scan's results its stack is.
  let results: [Value: Int]

  init(_ scan: Scan, isRecomputed: Bool) throws(TypeError) {
    let body = try SavingStates(scan.body)
    inner = body.saved
    self.isRecomputed = isRecomputed
    var step = body.graph
    var forward = isRecomputed ? scan.body : step
    var results: [Value: Int] = [:]
    for (value, entering) in zip(step.arguments, forward.arguments).prefix(scan.carryCount) {
      results[value] = step.results.count
      step.results.append(value)
      forward.results.append(entering)
    }
    if !isRecomputed {
      for value in try Self.intermediates(scan, body.graph, body.saved) where results[value] == nil
      {
        results[value] = step.results.count
        step.results.append(value)
      }
      forward = step
    }
    self.results = results
    self.step = step
    self.scan = Scan(
      time: scan.time, carryCount: scan.carryCount, scannedCount: scan.scannedCount,
      isReversed: scan.isReversed, hasLengths: scan.hasLengths, body: forward)
  }

  /// The values inside of a step that the backward step reads and that have a row per batch row.
  private static func intermediates(
    _ scan: Scan, _ body: Graph, _ inner: [Int: SavedValues]
  ) throws(TypeError) -> [Value] {
    let step = try BackwardStep(
      scan, body, inner: inner, hasUpstream: body.results.map { _ in true },
      isWanted: body.arguments.map { _ in true })
    let graph = step.graph
    let live = graph.liveNodes(from: step.gradients.compactMap { $0 })
    var result: [Value] = []
    for (index, node) in graph.nodes.enumerated() where index >= body.nodes.count && live[index] {
      for operand in node.operands where step.isSavable(operand) && !result.contains(operand) {
        result.append(operand)
      }
    }
    return result
  }
}

/// One step of a scan and its gradient in one graph: what the backward scan's body is cut from.
struct BackwardStep {
  /// The step's nodes, then those of its gradient.
  let graph: Graph
  /// For every argument of the step, its gradient.
  let gradients: [Value?]
  /// The gradients of the step's results, where there are any, before the mask.
  let upstream: [Value?]
  /// Which rows are before their end, `[batch]`, for a scan with lengths.
  let live: Value?
  private let forwardCount: Int
  private let batch: Dimension?
  /// What is the same at every step.
  private let invariants: Set<Value>

  /// - Parameters:
  ///   - hasUpstream: for every result of the body, whether it has a gradient.
  ///   - isWanted: for every argument, whether its gradient is wanted.
  init(
    _ scan: Scan, _ body: Graph, inner: [Int: SavedValues], hasUpstream: [Bool], isWanted: [Bool]
  ) throws(TypeError) {
    let sources = zip(body.arguments, isWanted).filter {
      $1 && body.type(of: $0).elementType == .float32
    }
    var sweep = ReverseSweep(body, sources: Set(sources.map(\.0)), saved: inner)
    forwardCount = body.nodes.count
    var invariants = Set(body.arguments.dropFirst(scan.carryCount + scan.scannedCount))
    for node in body.nodes where node.operands.allSatisfy(invariants.contains) {
      invariants.formUnion(node.results)
    }
    self.invariants = invariants
    batch = body.results.first.flatMap { body.type(of: $0).shape.first }
    let mask = scan.hasLengths ? batch.map { TensorType(.bool, [$0]) } : nil
    let live = mask.map { sweep.builder.graph.addArgument($0, name: "live") }
    var upstream: [Value?] = []
    var seeds: [(value: Value, gradient: Value)] = []
    for (result, hasUpstream) in zip(body.results, hasUpstream) {
      let type = body.type(of: result)
      guard hasUpstream, type.elementType == .float32 else {
        upstream.append(nil)
        continue
      }
      let gradient = sweep.builder.graph.addArgument(type, name: "d_\(body.name(of: result))")
      upstream.append(gradient)
      seeds.append((result, try sweep.builder.masked(gradient, by: live)))
    }
    try sweep.run(seeds: seeds)
    var gradients: [Value?] = []
    for (argument, isWanted) in zip(body.arguments, isWanted) {
      gradients.append(isWanted ? sweep.gradient(of: argument) : nil)
    }
    graph = sweep.builder.graph
    self.gradients = gradients
    self.upstream = upstream
    self.live = live
  }

  /// Whether a value is computed by the forward step, not the same at every one, and has a row for
  /// every row of the batch.
  func isSavable(_ value: Value) -> Bool {
    guard case .node(let index, _) = graph.definition(of: value), index < forwardCount,
      !invariants.contains(value),
      let first = graph.type(of: value).shape.first
    else { return false }
    return first == batch
  }
}

extension GradientBuilder {
  /// The value in live rows and zeros in the others; the value itself without a mask.
  mutating func masked(
    _ value: Value, by live: Value?, otherwise: Value? = nil
  ) throws(TypeError) -> Value {
    guard let live else { return value }
    let type = type(of: value)
    let shape = [type.shape[0]] + type.shape.dropFirst().map { _ in 1 }
    let rows = try reshape(live, to: shape)
    let rest: Value
    if let otherwise {
      rest = otherwise
    } else {
      rest = try constant(0)
    }
    return try emit(.select(Select()), rows, value, rest)
  }
}
