/// One buffer put into a part of another: how views change.
struct Merge {
  let moved: Int
  let kept: Int
  private let movedCount: Int
  /// Where the moved buffer's elements go, in row-major order.
  let region: View

  /// Nil when `whole` does not cover a buffer that can move, or `region` cannot hold it.
  init?(_ whole: View, into region: View, _ buffers: [Plan.Buffer]) {
    let buffer = buffers[whole.buffer]
    guard whole.buffer != region.buffer, buffer.storage == .arena, whole.isDense, whole.isStill,
      whole.offset == 0, whole.count == buffer.count, buffer.count > 0, !region.repeatsElements,
      // The moved buffer must live within the loops in which the region moves.
      region.motion.count <= buffer.depth
    else { return nil }
    (moved, kept, movedCount, self.region) = (whole.buffer, region.buffer, buffer.count, region)
  }

  /// A view of the moved buffer as one of the other; views of others stay.
  func view(_ view: View) -> View? {
    guard view.buffer == moved else { return view }
    if view.isStill, view.offset == 0, view.count == movedCount,
      let (dense, axes) = view.withAxesInOrder()
    {
      var result = region.reshaped(to: dense.shape)?.transposed(axes)
      result?.elementType = view.elementType
      return result
    }
    guard region.isDense else { return nil }
    var result = view
    result.buffer = kept
    result.offset += region.offset
    for (depth, distance) in region.motion.enumerated() {
      if depth < result.motion.count {
        result.motion[depth] += distance
      } else {
        result.motion.append(distance)
      }
    }
    while result.motion.last == 0 { result.motion.removeLast() }
    return result
  }

  /// Runs through the instructions to see whether every read still finds its value.
  func replay(_ buffers: [Plan.Buffer]) -> MergeReplay { MergeReplay(self, movedCount, buffers) }
}

/// Which of two merged buffers the shared memory stands for, from instruction to instruction.
///
/// A write to one makes the memory stand for that one alone; a copy between the two, which is now
/// nothing, makes it stand for both; a read of one needs the memory to stand for it.
struct MergeReplay {
  private let merge: Merge
  private let movedCount: Int
  private let keptCount: Int
  private let storage: Plan.Storage
  private var standsForMoved: Bool
  private var standsForKept = true

  init(_ merge: Merge, _ movedCount: Int, _ buffers: [Plan.Buffer]) {
    self.merge = merge
    self.movedCount = movedCount
    keptCount = buffers[merge.kept].count
    storage = buffers[merge.kept].storage
    // Memory that nobody wrote stands for anything.
    switch storage {
    case .arena, .output: standsForMoved = true
    case .input, .state, .constant: standsForMoved = false
    }
  }

  /// Whether what the caller reads after the run is there.
  var endsWell: Bool {
    switch storage {
    case .output, .state: standsForKept
    case .arena, .input, .constant: true
    }
  }

  private var isReadOnly: Bool {
    switch storage {
    case .input, .constant: true
    case .arena, .output, .state: false
    }
  }

  /// Whether all instructions at the positions go well; loops run twice, to see their second
  /// iteration read what the first one left.
  mutating func run(
    _ positions: ArraySlice<Int>, _ loops: ArraySlice<Plan.Loop>,
    instruction: (Int) -> (before: Instruction, after: Instruction)
  ) -> Bool {
    var positions = positions
    var loops = loops
    while let position = positions.first {
      while let loop = loops.first, loop.body.upperBound <= position { loops.removeFirst() }
      guard let loop = loops.first, loop.body.contains(position) else {
        let (before, after) = instruction(position)
        guard step(before, after) else { return false }
        positions.removeFirst()
        continue
      }
      let inside = positions.prefix { loop.body.contains($0) }
      for _ in 0..<2 {
        guard run(inside, loops.dropFirst(), instruction: instruction) else { return false }
      }
      positions = positions.dropFirst(inside.count)
    }
    return true
  }

  private func concernsMoved(_ view: View) -> Bool { view.buffer == merge.moved }

  private func concernsKept(_ view: View) -> Bool {
    view.buffer == merge.kept && view.overlaps(merge.region)
  }

  private mutating func step(_ before: Instruction, _ after: Instruction) -> Bool {
    if after.isNothing {
      guard concernsMoved(before.inputs[0]) ? standsForMoved : standsForKept else { return false }
      (standsForMoved, standsForKept) = (true, true)
      return true
    }
    for view in before.reads {
      if concernsMoved(view), !standsForMoved { return false }
      if concernsKept(view), !standsForKept { return false }
    }
    guard !collides(before, after) else { return false }
    for view in before.outputs where concernsMoved(view) {
      if isReadOnly || (view.count < movedCount && !standsForMoved) { return false }
      (standsForMoved, standsForKept) = (true, false)
    }
    for view in before.outputs where concernsKept(view) {
      let isWhole = view == merge.region || view.count == keptCount
      if !isWhole, !standsForKept { return false }
      (standsForMoved, standsForKept) = (false, true)
    }
    return true
  }

  /// Whether an instruction would read memory that it is overwriting.
  private func collides(_ before: Instruction, _ after: Instruction) -> Bool {
    for (output, target) in before.outputs.enumerated() {
      let (isMoved, isKept) = (concernsMoved(target), concernsKept(target))
      guard isMoved || isKept else { continue }
      let shared = { (view: View) in isMoved ? concernsKept(view) : concernsMoved(view) }
      if before.outputs.contains(where: shared) { return true }
      for (input, view) in before.inputs.enumerated() where shared(view) {
        guard after.mayShare(input: input, output: output),
          after.inputs[input] == after.outputs[output]
        else { return true }
      }
    }
    return false
  }
}
