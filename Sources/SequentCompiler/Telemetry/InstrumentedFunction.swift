import SequentIR

/// A function whose scans are instrumented, and what comes in and out by that.
struct InstrumentedFunction {
  /// The function, with an input for every perturbation.
  ///
  /// Its results: the loss, what replaces states, then the measurements.
  private(set) var function: Function
  /// The layers, for which the results of the differentiated function are named.
  private(set) var layers: [TelemetryFunction.Layer] = []
  /// The inputs that are perturbations.
  private(set) var perturbations: [String] = []
  private let source: Graph
  private var mapping: [Value: Value] = [:]

  init(_ source: Function, loss: String) throws {
    guard let lossPosition = source.resultNames.firstIndex(of: loss) else {
      throw DifferentiationError(
        message: "\(source.name) has no result '\(loss)'; it has "
          + source.resultNames.joined(separator: ", "))
    }
    self.source = source.graph
    function = Function(
      name: "telemetry", graph: Graph(), resultNames: [], states: source.states)
    for argument in self.source.arguments {
      mapping[argument] = function.graph.addArgument(
        self.source.type(of: argument), name: self.source.name(of: argument))
    }
    let names = self.source.layerNames
    var measurements: [(name: String, value: Value)] = []
    for (index, node) in self.source.nodes.enumerated() {
      if case .scan(let scan) = node.operation, let name = names[index] {
        measurements += try instrument(scan, node, name)
      } else {
        _ = try append(node.operation, translate(node.operands), replacing: node)
      }
    }
    let kept = source.resultNames.indices.filter {
      $0 == lossPosition || source.states[source.resultNames[$0]] != nil
    }
    function.resultNames = kept.map { source.resultNames[$0] } + measurements.map(\.name)
    function.graph.results =
      translate(kept.map { self.source.results[$0] }) + measurements.map(\.value)
  }

  /// Adds a scan that measures; what it measures beside gradients, by the names of results.
  private mutating func instrument(
    _ scan: Scan, _ node: Node, _ name: String
  ) throws -> [(name: String, value: Value)] {
    let instrumented = try InstrumentedScan(scan, layer: node.origin.layer)
    var operands = translate(node.operands)
    let inputs = instrumented.states.map { state in
      function.graph.addArgument(
        state.perturbation, name: "perturbation.\(name).\(state.name)")
    }
    operands.insert(contentsOf: inputs, at: scan.carryCount + scan.scannedCount)
    let results = try append(.scan(instrumented.scan), operands, replacing: node)

    let inputNames = inputs.map(function.graph.name(of:))
    perturbations += inputNames
    let gates = instrumented.gates.map { ($0, "left.\(name).\($0)", "right.\(name).\($0)") }
    layers.append(
      TelemetryFunction.Layer(
        name: name,
        states: zip(instrumented.states, inputNames).map { ($0.name, "gradient.\($1)") },
        gates: gates, lengths: scan.hasLengths ? "lengths.\(name)" : nil))
    let shares = results.dropFirst(node.results.count)
    let lengths = scan.hasLengths ? operands.last : nil
    return Array(zip(gates.flatMap { [$0.1, $0.2] }, shares))
      + (lengths.map { [("lengths.\(name)", $0)] } ?? [])
  }

  private mutating func translate(_ values: [Value]) -> [Value] {
    values.map { value in
      mapping[value] ?? function.graph.parameter(source.name(of: value), source.type(of: value))
    }
  }

  private mutating func append(
    _ operation: Operation, _ operands: [Value], replacing node: Node
  ) throws -> [Value] {
    let results = try function.graph.append(
      operation, operands, names: node.results.map(source.name(of:)), origin: node.origin)
    for (old, new) in zip(node.results, results) { mapping[old] = new }
    return results
  }
}

extension Graph {
  /// A name for every scan that carries real numbers, by the node's position: its layer's path, or
  /// what its first result is called.
  fileprivate var layerNames: [Int: String] {
    let positions = nodes.indices.filter { index in
      guard case .scan(let scan) = nodes[index].operation else { return false }
      return scan.body.types(of: Array(scan.body.results.prefix(scan.carryCount)))
        .contains { $0.elementType == .float32 && $0.rank >= 1 }
    }
    let names = positions.map { index in
      let node = nodes[index]
      return node.origin.layer.isEmpty ? name(of: node.results[0]) : node.origin.layer
    }
    return Dictionary(uniqueKeysWithValues: zip(positions, names.madeUnique))
  }
}
