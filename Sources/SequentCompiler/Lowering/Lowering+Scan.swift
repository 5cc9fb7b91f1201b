import SequentIR

extension Lowerer {
  /// A loop over time: `[batch, time, …]` tensors are seen through views that move a step at a time,
  /// and the state is kept in buffers that each step replaces.
  mutating func loop(_ scan: Scan, _ operands: [View]) throws -> [View] {
    let time = try scan.time.size(bindings)
    let carries = operands.prefix(scan.carryCount)
    let scanned = operands.dropFirst(scan.carryCount).prefix(scan.scannedCount)
    let invariants = operands.dropFirst(scan.carryCount + scan.scannedCount)
      .prefix(scan.invariantCount)
    var states: [View] = []
    for carry in carries {
      let state = try allocate(carry.elementType, carry.shape)
      copy(carry, into: state)
      states.append(state)
    }
    var outputs: [View] = []
    for value in scan.body.results.dropFirst(scan.carryCount) {
      let type = scan.body.type(of: value)
      var shape = try type.sizes(bindings)
      shape.insert(time, at: 1)
      outputs.append(try allocate(type.elementType, shape))
    }
    guard time > 0 else { return states + outputs }

    var rows: (lengths: View, steps: View)?
    if scan.hasLengths {
      let lengths = try checkedLengths(operands[operands.count - 1], limit: time)
      let steps = try allocate(.int32, [time])
      emit(.iota(axis: 0), [], into: steps)
      rows = (lengths, steps)
    }
    let slice = { (view: View, axis: Int, depth: Int) in
      view.timeSlice(axis: axis, of: time, isReversed: scan.isReversed, depth: depth)
    }
    try loop(count: time) { lowerer in
      let depth = lowerer.depth - 1
      let arguments =
        states + scanned.map { slice($0, 1, depth) }
        + invariants
      let results = try lowerer.lower(scan.body, arguments)
      let parts = outputs.map { slice($0, 1, depth) }
      let fresh = Array(results.dropFirst(scan.carryCount))
      guard let rows else {
        for (value, part) in zip(fresh, parts) { lowerer.copy(value, into: part) }
        lowerer.assign(Array(results.prefix(scan.carryCount)), to: states)
        return
      }
      let step = slice(rows.steps, 0, depth)
      for (value, part) in zip(fresh, parts) {
        try lowerer.mask(rows.lengths, step, value, into: part, holds: false)
      }
      // States that other states are made of are set aside before any changes.
      let settled = lowerer.settled(Array(results.prefix(scan.carryCount)), states)
      for (value, state) in zip(settled, states) where value != state {
        try lowerer.mask(rows.lengths, step, value, into: state, holds: true)
      }
    }
    return states + outputs
  }

  /// Rows that have not ended take the fresh value; the others hold, or are zeros.
  private mutating func mask(
    _ lengths: View, _ step: View, _ fresh: View, into output: View, holds: Bool
  ) throws {
    let fresh = fresh.hasDenseRows ? fresh : try dense(fresh)
    emit(.maskedUpdate(holds: holds), [lengths, step, fresh], into: output)
  }
}

extension View {
  /// What an iteration of the loop at `depth` sees of an axis: one place, from the first to the last
  /// or back.
  fileprivate func timeSlice(axis: Int, of count: Int, isReversed: Bool, depth: Int) -> View {
    var view = dropping(axis, at: isReversed ? count - 1 : 0)
    let distance = stride(axis)
    guard distance != 0 else { return view }
    view.motion += Array(repeating: 0, count: depth - view.motion.count)
    view.motion.append(isReversed ? -distance : distance)
    return view
  }
}
