/// Lets buffers share memory, so that values are made where they are wanted.
///
/// A copy from one buffer to (a part of) another goes when the two can be one: a function's results
/// are then written where the caller reads them, a state is changed in place, the parts of a
/// concatenation are made side by side. Elementwise instructions take over the memory of an operand
/// that nobody reads again.
struct CopyElimination {
  private var plan: Plan
  /// By buffer, the positions of the instructions that see it, ascending.
  private var users: [[Int]]
  private var isRemoved: [Bool]

  init(_ plan: Plan) {
    self.plan = plan
    isRemoved = Array(repeating: false, count: plan.instructions.count)
    users = Array(repeating: [], count: plan.buffers.count)
    for (position, instruction) in plan.instructions.enumerated() {
      for view in instruction.views where users[view.buffer].last != position {
        users[view.buffer].append(position)
      }
    }
  }

  /// The plan with fewer copies and buffers.
  mutating func run() -> Plan {
    let copies = plan.instructions.indices.filter { plan.instructions[$0].kernel == .copy }
    // The session's own buffers first: they cannot move, others can follow them.
    for position in copies where touchesFixedBuffer(position) { eliminateCopy(at: position) }
    for position in copies { eliminateCopy(at: position) }
    for position in plan.instructions.indices { takeOverOperand(at: position) }
    return compacted()
  }

  private func touchesFixedBuffer(_ position: Int) -> Bool {
    plan.instructions[position].views.contains { plan.buffers[$0.buffer].storage != .arena }
  }

  private mutating func eliminateCopy(at position: Int) {
    guard !isRemoved[position] else { return }
    let copy = plan.instructions[position]
    let (source, target) = (copy.inputs[0], copy.outputs[0])
    if !merge(source, into: target) { _ = merge(target, into: source) }
  }

  private mutating func takeOverOperand(at position: Int) {
    let instruction = plan.instructions[position]
    guard !isRemoved[position] else { return }
    for (output, view) in instruction.outputs.enumerated() {
      for (input, operand) in instruction.inputs.enumerated()
      where instruction.mayShare(input: input, output: output) && operand.isStill
        && operand.shape == view.shape && operand.isDense
        && (merge(view, into: operand) || merge(operand, into: view))
      { break }
    }
  }

  // MARK: - Merging

  /// Puts the buffer that `whole` covers into the memory of `region`, if no value is lost.
  private mutating func merge(_ whole: View, into region: View) -> Bool {
    guard let merge = Merge(whole, into: region, plan.buffers) else { return false }
    let positions = merged(users[merge.moved], users[merge.kept])
    var replaced: [Int: Instruction] = [:]
    for position in users[merge.moved] {
      guard let instruction = plan.instructions[position].replacingViews(merge.view) else {
        return false
      }
      guard instruction.isNothing || instruction.takesItsViews else { return false }
      replaced[position] = instruction
    }
    var replay = merge.replay(plan.buffers)
    guard
      replay.run(
        positions[...], plan.loops[...],
        instruction: { (plan.instructions[$0], replaced[$0] ?? plan.instructions[$0]) }),
      replay.endsWell
    else { return false }
    for (position, instruction) in replaced {
      plan.instructions[position] = instruction
      isRemoved[position] = instruction.isNothing
    }
    plan.buffers[merge.kept].depth = min(
      plan.buffers[merge.kept].depth, plan.buffers[merge.moved].depth)
    users[merge.kept] = positions.filter { !isRemoved[$0] }
    users[merge.moved] = []
    return true
  }

  private func merged(_ left: [Int], _ right: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(left.count + right.count)
    var (i, j) = (0, 0)
    while i < left.count || j < right.count {
      if j == right.count || (i < left.count && left[i] < right[j]) {
        result.append(left[i])
        i += 1
      } else {
        if i < left.count, left[i] == right[j] { i += 1 }
        result.append(right[j])
        j += 1
      }
    }
    return result
  }

  /// The plan without what was removed.
  private func compacted() -> Plan {
    var result = plan
    var newPosition = [0]
    result.instructions = []
    for (position, instruction) in plan.instructions.enumerated() {
      if !isRemoved[position] { result.instructions.append(instruction) }
      newPosition.append(result.instructions.count)
    }
    for index in result.loops.indices {
      let body = result.loops[index].body
      result.loops[index].body = newPosition[body.lowerBound]..<newPosition[body.upperBound]
    }
    result.loops.removeAll { $0.body.isEmpty || $0.count == 0 }
    return result
  }
}

extension Instruction {
  /// Whether it copies a view onto itself.
  var isNothing: Bool { kernel == .copy && inputs[0] == outputs[0] }
}

extension Plan {
  mutating func eliminateCopies() {
    var elimination = CopyElimination(self)
    self = elimination.run()
  }
}
