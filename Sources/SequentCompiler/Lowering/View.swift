import SequentIR

/// Where the elements of a tensor lie: element `i` at `offset + Σ i[axis] · strides[axis]`.
///
/// Reshapes, transposes, slices and broadcasts are other views of the same buffer. All counts are
/// in elements.
public struct View: Hashable, Sendable {
  /// The buffer, by its position in the plan.
  public var buffer: Int
  /// What an element is.
  public var elementType: ElementType
  /// The position of the first element.
  public var offset: Int
  /// The size of every axis.
  public var shape: [Int]
  /// How far apart neighbours along every axis are; 0 repeats an element.
  public var strides: [Int]
  /// How far the view moves with every iteration of the loops around it, outermost first; no
  /// trailing zeros.
  public var motion: [Int]

  /// Creates a view of dense, row-major elements.
  public init(buffer: Int, _ elementType: ElementType, _ shape: [Int], offset: Int = 0) {
    self.buffer = buffer
    self.elementType = elementType
    self.offset = offset
    self.shape = shape
    strides = Self.denseStrides(shape)
    motion = []
  }

  /// The strides of a dense, row-major tensor.
  public static func denseStrides(_ shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.reversed().dropFirst() {
      strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1)
    }
    return strides
  }

  /// The number of axes.
  public var rank: Int { shape.count }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// Whether the elements follow each other in row-major order; axes of size 1 don't matter.
  public var isDense: Bool {
    if shape.contains(0) { return true }
    var expected = 1
    for axis in shape.indices.reversed() {
      if shape[axis] != 1, strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }

  /// Whether an element occurs more than once.
  public var repeatsElements: Bool {
    zip(shape, strides).contains { $0 > 1 && $1 == 0 }
  }

  /// Whether the view stands still in every loop.
  public var isStill: Bool { motion.isEmpty }

  /// The distance from one place along an axis to the next, as kernels take it: any for size 1.
  public func stride(_ axis: Int) -> Int { shape[axis] == 1 ? 0 : strides[axis] }
}

// MARK: - Layout operations

extension View {
  /// The axes in another order.
  public func transposed(_ axes: [Int]) -> View {
    var view = self
    view.shape = axes.map { shape[$0] }
    view.strides = axes.map { strides[$0] }
    return view
  }

  /// The axes, those first along which elements lie furthest apart.
  private var axesByStride: [Int] {
    shape.indices.sorted { (strides[$0], $1) > (strides[$1], $0) }
  }

  /// The dense view that this one is a transpose of, and the axes that transpose it; nil if there is none.
  func withAxesInOrder() -> (dense: View, axes: [Int])? {
    let order = axesByStride
    let dense = transposed(order)
    guard dense.isDense else { return nil }
    return (dense, shape.indices.map { axis in order.firstIndex(of: axis) ?? axis })
  }

  /// Axes of size 1, or missing in front, stretched.
  public func broadcast(to target: [Int]) -> View {
    var view = self
    let missing = target.count - rank
    view.shape = target
    view.strides = target.indices.map { axis in
      axis < missing || (shape[axis - missing] == 1 && target[axis] != 1)
        ? 0 : strides[axis - missing]
    }
    return view
  }

  /// A part along one axis.
  public func sliced(_ axis: Int, from start: Int, count: Int) -> View {
    var view = self
    view.offset += start * strides[axis]
    view.shape[axis] = count
    return view
  }

  /// The place `index` along an axis, which goes.
  public func dropping(_ axis: Int, at index: Int = 0) -> View {
    var view = self
    view.offset += index * strides[axis]
    view.shape.remove(at: axis)
    view.strides.remove(at: axis)
    return view
  }

  /// The same elements in the same order under another shape, when strides can say that.
  public func reshaped(to target: [Int]) -> View? {
    var view = self
    view.shape = target
    if isDense {
      view.strides = Self.denseStrides(target)
      return view
    }
    // Axes that lie one in the other merge; the target's axes must split the merged ones.
    let merged = mergedAxes()
    var strides: [Int] = []
    var (group, rest) = (0, merged.first?.size ?? 1)
    for (axis, size) in target.enumerated() {
      if size == 1 {
        strides.append(0)
        continue
      }
      while rest == 1, group + 1 < merged.count {
        group += 1
        rest = merged[group].size
      }
      guard group < merged.count, rest % size == 0 else { return nil }
      rest /= size
      strides.append(merged[group].stride * rest)
      // What is left of the group must be filled by the axes that follow.
      if rest != 1, axis == target.count - 1 { return nil }
    }
    view.strides = strides
    return view
  }

  /// The axes with those that lie one in the other made one, axes of size 1 left out.
  private func mergedAxes() -> [(size: Int, stride: Int)] {
    var merged: [(size: Int, stride: Int)] = []
    for (size, stride) in zip(shape, strides) where size != 1 {
      if let last = merged.last, last.stride == stride * size {
        merged[merged.count - 1] = (last.size * size, stride)
      } else {
        merged.append((size, stride))
      }
    }
    return merged
  }

  /// An axis of size 1 put in.
  public func inserting(axis: Int) -> View {
    var view = self
    view.shape.insert(1, at: axis)
    view.strides.insert(0, at: axis)
    return view
  }
}

// MARK: - Overlap

extension View {
  /// Whether an element may lie in both views, over all iterations of the loops around them.
  public func overlaps(_ other: View) -> Bool {
    guard buffer == other.buffer, count > 0, other.count > 0 else { return false }
    if self == other { return true }
    if isStill, other.isStill,
      let separate = boxesAreSeparate(other) ?? plain.boxesAreSeparate(other.plain)
    {
      return !separate
    }
    let (a, b) = (extent, other.extent)
    return a.overlaps(b)
  }

  /// The same elements in the order in which they lie, under as few axes as can be: heads of a
  /// projection that were brought to the front are columns again.
  private var plain: View {
    var view = transposed(axesByStride)
    let axes = view.mergedAxes()
    (view.shape, view.strides) = (axes.map(\.size), axes.map(\.stride))
    return view
  }

  /// The first to the last element; everything when the view moves.
  private var extent: Range<Int> {
    guard isStill else { return 0..<Int.max }
    var (low, high) = (offset, offset)
    for axis in shape.indices {
      let reach = (shape[axis] - 1) * strides[axis]
      if reach < 0 { low += reach } else { high += reach }
    }
    return low..<high + 1
  }

  /// For two parts of one dense tensor: whether they differ in their places along some axis.
  private func boxesAreSeparate(_ other: View) -> Bool? {
    guard rank == other.rank, strides == other.strides, strides.allSatisfy({ $0 > 0 }),
      zip(strides, strides.dropFirst()).allSatisfy({ $0 >= $1 && $0 % $1 == 0 })
    else { return nil }
    var (mine, others) = (offset, other.offset)
    var separate = false
    for axis in shape.indices {
      let (a, b) = (mine / strides[axis], others / strides[axis])
      (mine, others) = (mine % strides[axis], others % strides[axis])
      if axis > 0 {
        // A part that runs past its parent's axis is no box.
        let parent = strides[axis - 1] / strides[axis]
        guard a + shape[axis] <= parent, b + other.shape[axis] <= parent else { return nil }
      }
      if a + shape[axis] <= b || b + other.shape[axis] <= a { separate = true }
    }
    return separate
  }
}
