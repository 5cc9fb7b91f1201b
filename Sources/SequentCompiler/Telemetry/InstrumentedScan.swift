import SequentIR

/// A scan that also takes a perturbation of its states and tells how saturated its gates are.
///
///     h_t = step(h_{t-1}, x_t)          h_t = step(h_{t-1}, x_t) + p_t
///     yield h_t, h_t                    yield h_t, h_t, mean(σ_t < 0.1), mean(σ_t > 0.9)
///
/// The perturbations p are zeros: the graph computes what it did, and the gradient with respect to
/// p_t is ∂loss/∂h_t in total, through the step's own output and through all later steps. A state is
/// perturbed where it is computed, so that what the rest of the step makes of it counts: an LSTM's
/// ∂loss/∂c_t includes the way through h_t.
struct InstrumentedScan {
  /// A state that is perturbed.
  struct State {
    /// The state's name in the body, `h`.
    let name: String
    /// The perturbation for all steps, `[batch, time, …]`.
    let perturbation: TensorType
  }

  /// Activations of a sigmoid beyond these are saturated (Karpathy et al., 2015).
  static let (low, high) = (0.1, 0.9)

  /// The scan; its further outputs are the shares `[batch, time]`, two to a gate: left, right.
  let scan: Scan
  /// The states, in the order of their perturbations: scanned inputs behind those there were.
  let states: [State]
  /// The gates' names, in the order of their shares.
  let gates: [String]

  /// Instruments a scan.
  ///
  /// - Parameter layer: the path of its layer, which its gates' names leave out.
  init(_ scan: Scan, layer: String) throws(TypeError) {
    let old = scan.body
    let perturbed = old.results.prefix(scan.carryCount).indices.filter {
      let type = old.type(of: old.results[$0])
      return type.elementType == .float32 && type.rank >= 1
    }
    var b = GradientBuilder(Graph())
    var mapping: [Value: Value] = [:]
    let scannedEnd = scan.carryCount + scan.scannedCount
    func copyArguments(_ range: Range<Int>) {
      for argument in old.arguments[range] {
        mapping[argument] = b.graph.addArgument(
          old.type(of: argument), name: old.name(of: argument))
      }
    }
    copyArguments(0..<scannedEnd)
    var perturbations: [Value: [Value]] = [:]
    var states: [State] = []
    for position in perturbed {
      let (result, name) = (old.results[position], old.name(of: old.arguments[position]))
      var type = old.type(of: result)
      let slice = b.graph.addArgument(type, name: "perturbation_\(name)")
      perturbations[result, default: []].append(slice)
      type.shape.insert(scan.time, at: 1)
      states.append(State(name: name, perturbation: type))
    }
    copyArguments(scannedEnd..<old.arguments.count)

    var gates: [String] = []
    var shares: [Value] = []
    for node in old.nodes {
      b.origin = node.origin
      let results = try b.graph.append(
        node.operation, node.operands.compactMap { mapping[$0] },
        names: node.results.map(old.name(of:)), origin: node.origin)
      for (value, new) in zip(node.results, results) {
        mapping[value] = try b.sum(of: new, and: perturbations[value] ?? [])
      }
      if node.operation == .unary(.sigmoid), b.type(of: results[0]).rank >= 2 {
        gates.append(old.gateName(of: node, in: layer))
        shares += try b.saturatedShares(of: results[0])
      }
    }
    // A state that is handed on as it came is perturbed on its way out.
    var newResults: [Value] = []
    for value in old.results {
      guard let new = mapping[value] else { continue }
      let isArgument = old.producer(of: value) == nil
      newResults.append(try b.sum(of: new, and: isArgument ? perturbations[value] ?? [] : []))
    }
    b.graph.results = newResults + shares
    self.scan = Scan(
      time: scan.time, carryCount: scan.carryCount,
      scannedCount: scan.scannedCount + states.count, isReversed: scan.isReversed,
      hasLengths: scan.hasLengths, body: b.graph)
    self.states = states
    self.gates = gates.madeUnique
  }
}

extension Graph {
  /// What a gate is called: the part of its pre-activation's layer path that is the gate's own,
  /// or the name of its value where there is none.
  fileprivate func gateName(of node: Node, in layer: String) -> String {
    let path = producer(of: node.operands[0])?.origin.layer ?? ""
    let prefix = layer.isEmpty ? "" : "\(layer)."
    guard path != layer, path.hasPrefix(prefix), path.count > prefix.count else {
      return name(of: node.results[0])
    }
    return String(path.dropFirst(prefix.count))
  }
}

extension GradientBuilder {
  /// The sum of a value and others of its type.
  fileprivate mutating func sum(of value: Value, and others: [Value]) throws(TypeError) -> Value {
    var result = value
    for other in others { result = try emit(.binary(.add), result, other) }
    return result
  }

  /// The shares of a row's activations that are all but 0 and all but 1, `[batch]` each.
  fileprivate mutating func saturatedShares(of gate: Value) throws(TypeError) -> [Value] {
    let mean = Operation.reduce(Reduce(.mean, axes: Array(1..<type(of: gate).rank)))
    let comparisons: [(Compare, Double, String)] = [
      (.less, InstrumentedScan.low, "left"), (.greater, InstrumentedScan.high, "right"),
    ]
    var result: [Value] = []
    for (comparison, bound, name) in comparisons {
      let isSaturated = try emit(.compare(comparison), gate, constant(bound))
      result.append(try emit(mean, emit(.cast(Cast(.float32)), isSaturated), name: name))
    }
    return result
  }
}

extension [String] {
  /// The names with a number behind those that were there before: `gate`, `gate_2`.
  var madeUnique: [String] {
    var counts: [String: Int] = [:]
    return map { name in
      counts[name, default: 0] += 1
      return counts[name] == 1 ? name : "\(name)_\(counts[name] ?? 0)"
    }
  }
}
