import SequentIR
import Testing

/// A scan's state at one step, and how it is moved there.
struct MovedState {
  /// Which of the graph's scans.
  let scan: Int
  /// Which of its states.
  let state: Int
  let time: Int
  /// What is added to it, `[batch, width]`.
  let addition: HostTensor
}

/// Runs functions in which a state is moved at the moment it is computed: the plain meaning of a
/// derivative with respect to it, without any rewriting of the graph.
struct MovingEvaluator {
  let parameters: [String: HostTensor]
  let bindings: Bindings

  /// A graph's results with a state of one of its scans moved.
  func evaluate(
    _ graph: Graph, _ inputs: [HostTensor], moving moved: MovedState
  ) throws -> [HostTensor] {
    var values = Dictionary(uniqueKeysWithValues: zip(graph.arguments, inputs))
    func value(_ value: Value) throws -> HostTensor {
      try #require(values[value] ?? graph.parameterName(of: value).flatMap { parameters[$0] })
    }
    var scans = 0
    for node in graph.nodes {
      let operands = try node.operands.map(value)
      let results: [HostTensor]
      if case .scan(let scan) = node.operation {
        results = try run(scan, operands, scans == moved.scan ? moved : nil)
        scans += 1
      } else {
        results = try node.operation.rule.evaluate(operands, bindings)
      }
      for (result, tensor) in zip(node.results, results) { values[result] = tensor }
    }
    return try graph.results.map(value)
  }

  private func run(
    _ scan: Scan, _ operands: [HostTensor], _ moved: MovedState?
  ) throws -> [HostTensor] {
    guard let moved else { return try scan.evaluate(operands, bindings) }
    let (body, steps) = (scan.body, try scan.time.size(bindings))
    let batch = operands[0].shape[0]
    let lengths = scan.hasLengths ? operands.last?.values : nil
    var state = Array(operands.prefix(scan.carryCount))
    let scanned = operands[scan.carryCount..<scan.carryCount + scan.scannedCount]
    let invariants = operands[(scan.carryCount + scan.scannedCount)...].prefix(scan.invariantCount)
    var outputs = try body.results.dropFirst(scan.carryCount).map { value in
      var sizes = try body.type(of: value).sizes(bindings)
      sizes.insert(steps, at: 1)
      return HostTensor(.float32, sizes, repeating: 0)
    }
    for t in scan.isReversed ? Array((0..<steps).reversed()) : Array(0..<steps) {
      let slices = scanned.map { tensor in
        HostTensor(tensor.elementType, [batch] + tensor.shape.dropFirst(2)) {
          tensor[[$0[0], t] + $0.dropFirst()]
        }
      }
      let arguments = state + slices + invariants
      var values = Dictionary(uniqueKeysWithValues: zip(body.arguments, arguments))
      for node in body.nodes {
        let results = try node.operation.rule.evaluate(
          node.operands.map { try #require(values[$0]) }, bindings)
        for (result, tensor) in zip(node.results, results) {
          var tensor = tensor
          if result == body.results[moved.state], t == moved.time {
            tensor.values = zip(tensor.values, moved.addition.values).map { $0 + $1 }
          }
          values[result] = tensor
        }
      }
      for row in 0..<batch where lengths.map({ Double(t) < $0[row] }) ?? true {
        for (position, value) in body.results.enumerated() {
          let new = try #require(values[value])
          for unit in 0..<new.shape[1] {
            if position < state.count {
              state[position][[row, unit]] = new[[row, unit]]
            } else {
              outputs[position - state.count][[row, t, unit]] = new[[row, unit]]
            }
          }
        }
      }
    }
    return state + outputs
  }
}
