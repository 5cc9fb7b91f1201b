import SequentIR

/// The gradient of a scan: a scan in the other direction over what the first one saved.
///
/// The gradient of the state is carried; those of the scanned inputs are its outputs. A weight's
/// gradient leaves the loop: `Σₜ aₜᵀ·gₜ` is one `contract` of the stacks of a and g over all steps,
/// `Σₜ Σ_batch gₜ` one reduction. Only what has neither form is added up in a carried tensor.
struct ScanGradient {
  private let saved: SavedValues
  private let scan: Scan
  private let node: Node
  private let isWanted: [Bool]

  init(_ saved: SavedValues, _ node: Node, isWanted: [Bool]) {
    self.saved = saved
    scan = saved.scan
    self.node = node
    self.isWanted = isWanted
  }

  /// The gradients of the scan's operands.
  func gradients(
    _ upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    let body = saved.step
    let arguments = body.arguments
    // Whatever a step gives the state that it leaves behind comes back as that state's gradient.
    let step = try BackwardStep(
      scan, body, inner: saved.inner,
      hasUpstream: body.results.indices.map { $0 < scan.carryCount || upstream[$0] != nil },
      isWanted: arguments.indices.map { $0 < scan.carryCount || isWanted[$0] })
    var cut = BackwardBody(step, saved, node, b)
    let states = (0..<scan.carryCount).filter {
      b.type(of: node.operands[$0]).elementType == .float32
    }
    for state in states {
      let initial: Value
      if let gradient = upstream[state] {
        initial = gradient
      } else {
        initial = try cut.outer.zeros(b.type(of: node.operands[state]))
      }
      try cut.carry(state: state, initial: initial)
    }
    for result in scan.carryCount..<body.results.count {
      if let gradient = upstream[result], let inner = step.upstream[result] {
        cut.scan(inner, over: gradient)
      }
    }
    if step.live != nil, let lengths = node.operands.last {
      try cut.scanLiveRows(lengths: lengths, time: scan.time)
    }
    var pending: [(operand: Int, BackwardBody.Result)] = []
    for operand in scan.carryCount..<arguments.count {
      guard isWanted[operand], let gradient = step.gradients[operand] else { continue }
      let isScanned = operand < scan.carryCount + scan.scannedCount
      pending.append(
        (operand, isScanned ? try cut.stack(gradient) : try cut.total(gradient)))
    }
    let results = try cut.finish(time: scan.time, isReversed: !scan.isReversed)
    b = cut.outer
    var gradients: [Value?] = node.operands.map { _ in nil }
    for (position, state) in states.enumerated() { gradients[state] = results[position] }
    for (operand, result) in pending {
      let type = b.type(of: node.operands[operand])
      gradients[operand] = try result.value(in: results, of: type, &b)
    }
    return gradients
  }
}
