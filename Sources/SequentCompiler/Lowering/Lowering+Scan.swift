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

  /// Steps in chunks: another view, unless the last chunk has to be filled with zeros.
  mutating func split(_ view: View, _ shape: [Int]) throws -> View {
    let (time, chunks) = (view.shape[1], shape[1] * shape[2])
    if time == chunks { return try reshaped(view, to: shape) }
    var whole = view.shape
    whole[1] = chunks
    let output = try allocate(view.elementType, whole)
    copy(view, into: output.sliced(1, from: 0, count: time))
    let rest = output.sliced(1, from: time, count: chunks - time)
    copy(literal(view.elementType, [0], rest.shape), into: rest)
    return output.reshaped(to: shape) ?? output
  }

  /// Chunks in a row, without what fills the last one: another view.
  mutating func joined(_ view: View, _ shape: [Int]) throws -> View {
    var whole = shape
    whole[1] = view.shape[1] * view.shape[2]
    return try reshaped(view, to: whole).sliced(1, from: 0, count: shape[1])
  }

  /// What is left of every row's length where each chunk begins, held to a chunk.
  mutating func chunkLengths(
    _ chunks: ChunkLengths, _ lengths: View, _ shape: [Int]
  ) throws -> View {
    let lengths = try checkedLengths(lengths, limit: try chunks.time.size(bindings))
    let starts = (0..<shape[1]).map { UInt32(truncatingIfNeeded: $0 * chunks.steps) }
    let left = try elementwise(
      .binary(.subtract),
      [lengths.reshaped(to: [shape[0], 1]) ?? lengths, literal(.int32, starts, [shape[1]])],
      .int32, shape)
    let some = try elementwise(
      .binary(.maximum), [left, literal(.int32, [0], [])], .int32, shape)
    let steps = literal(.int32, [UInt32(truncatingIfNeeded: chunks.steps)], [])
    return try elementwise(.binary(.minimum), [some, steps], .int32, shape)
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
