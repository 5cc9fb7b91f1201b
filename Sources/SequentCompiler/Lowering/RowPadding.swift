import SequentIR

/// Makes the rows of a buffer longer.
///
/// Rows that are a multiple of 4 KiB apart share a few sets of the first-level cache: products with many
/// such rows wait for them, or copy them first. A buffer that only products see gets longer rows, whose
/// ends nobody reads.
private struct RowPadding {
  /// How far apart, in elements, rows collide.
  private static let collision = 1024
  /// What is added: a pair of cache lines, so that rows begin like those before them.
  private static let padding = 32
  /// Fewer rows fit the cache even so.
  private static let leastRows = 32

  let buffer: Int
  private let width: Int
  private var paddedWidth: Int { width + Self.padding }

  /// Nil when a product that writes `view` does not write rows that collide.
  init?(_ view: View) {
    guard view.rank >= 2, view.shape[view.rank - 2] >= Self.leastRows else { return nil }
    (buffer, width) = (view.buffer, view.strides[view.rank - 2])
    guard width > 0, width % Self.collision == 0 else { return nil }
  }

  /// How many elements the buffer has then.
  func count(_ count: Int) -> Int? { count % width == 0 ? count / width * paddedWidth : nil }

  /// A distance between whole rows.
  private func padded(_ rows: Int) -> Int { rows / width * paddedWidth }

  /// The same elements in the longer rows; views of others stay.
  ///
  /// - Returns: nil for a view that runs from one row into the next.
  func view(_ view: View) -> View? {
    guard view.buffer == buffer else { return view }
    var result = view
    var last = view.offset % width
    result.offset = padded(view.offset - last) + last
    for (axis, stride) in view.strides.enumerated() where view.shape[axis] != 1 {
      if stride % width == 0 {
        result.strides[axis] = padded(stride)
      } else {
        guard stride > 0 else { return nil }
        last += (view.shape[axis] - 1) * stride
      }
    }
    guard last < width, view.motion.allSatisfy({ $0 % width == 0 }) else { return nil }
    result.motion = view.motion.map { padded($0) }
    return result
  }
}

extension Plan {
  /// Makes rows that collide longer, in buffers that products alone read and write.
  mutating func padRows() {
    var users = Array(repeating: [Int](), count: buffers.count)
    var paddings: [RowPadding] = []
    for (position, instruction) in instructions.enumerated() {
      for buffer in Set(instruction.views.map(\.buffer)) { users[buffer].append(position) }
      guard case .gemm = instruction.kernel else { continue }
      paddings += instruction.outputs.compactMap { RowPadding($0) }
    }
    for padding in paddings where buffers[padding.buffer].storage == .arena {
      pad(padding, users[padding.buffer])
    }
  }

  private mutating func pad(_ padding: RowPadding, _ users: [Int]) {
    guard let count = padding.count(buffers[padding.buffer].count) else { return }
    var padded: [Int: Instruction] = [:]
    for position in users {
      guard case .gemm = instructions[position].kernel,
        let instruction = instructions[position].replacingViews(padding.view),
        instruction.takesItsViews
      else { return }
      padded[position] = instruction
    }
    for (position, instruction) in padded { instructions[position] = instruction }
    buffers[padding.buffer].count = count
  }
}
