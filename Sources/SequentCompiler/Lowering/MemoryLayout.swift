import SequentIR

extension Plan {
  /// Gives instructions the scratch memory that their kernels ask for.
  mutating func addWorkspaces(_ target: Target) {
    let enclosing = loopsByPosition()
    for position in instructions.indices {
      let count = target.workspace(instructions[position])
      guard count > 0 else { continue }
      buffers.append(
        Buffer(storage: .arena, count: count, depth: enclosing[position].count))
      instructions[position].workspace = View(buffer: buffers.count - 1, .float32, [count])
    }
  }

  /// Gives buffers of the arena their places; drops buffers that nobody sees.
  mutating func layOutMemory() {
    let lifetimes = lifetimes()
    let placed = buffers.indices.filter { buffers[$0].storage == .arena && lifetimes[$0] != nil }
    let planner = MemoryPlanner(
      placed.compactMap { index in
        lifetimes[index].map { MemoryPlanner.Item(bytes: buffers[index].bytes, lifetime: $0) }
      })
    let layout = planner.layout()
    for (index, offset) in zip(placed, layout.offsets) { buffers[index].offset = offset }
    for index in buffers.indices where buffers[index].storage == .arena && lifetimes[index] == nil {
      buffers[index].count = 0
    }
    arenaBytes = layout.bytes
    lowerBoundBytes = planner.lowerBound
  }

  /// From the first to the last instruction that needs a buffer, by buffer.
  ///
  /// A buffer that is not a loop's own lives through all of the loop: another iteration may read it.
  public func lifetimes() -> [ClosedRange<Int>?] {
    var result = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
    let enclosing = loopsByPosition()
    for (position, instruction) in instructions.enumerated() {
      for view in instruction.views {
        var span = position...position
        let depth = buffers[view.buffer].depth
        if depth < enclosing[position].count {
          let body = loops[enclosing[position][depth]].body
          span = body.lowerBound...body.upperBound - 1
        }
        let known = result[view.buffer] ?? span
        result[view.buffer] =
          min(known.lowerBound, span.lowerBound)...max(known.upperBound, span.upperBound)
      }
    }
    return result
  }

  /// The loops around each instruction, outermost first.
  private func loopsByPosition() -> [[Int]] {
    var result = Array(repeating: [Int](), count: instructions.count)
    for (index, loop) in loops.enumerated() {
      for position in loop.body { result[position].append(index) }
    }
    return result
  }
}
