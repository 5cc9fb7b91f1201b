/// Gives buffers of known sizes and lifetimes their places in one arena.
///
/// Greedy orders are tried until one leaves no gaps, and the smallest arena is kept: the largest
/// buffers first, then those of the instruction with most bytes alive first, the largest or the
/// longest-lived of them (Pisarchyk and Lee, 2020). In each order, buffers that stick out at the end
/// are placed earlier, a few times over.
public struct MemoryPlanner {
  /// A buffer: its bytes, and the first to the last instruction that needs it.
  public struct Item: Hashable, Sendable {
    public var bytes: Int
    public var lifetime: ClosedRange<Int>

    /// Creates an item.
    public init(bytes: Int, lifetime: ClosedRange<Int>) {
      self.bytes = bytes
      self.lifetime = lifetime
    }
  }

  /// Where the items begin, and how many bytes they take together.
  public struct Layout: Hashable, Sendable {
    public var offsets: [Int]
    public var bytes: Int
  }

  /// Every buffer starts on a cache line.
  public static let alignment = 64

  private let items: [Item]

  /// Creates a planner; sizes are rounded up to the alignment.
  public init(_ items: [Item]) {
    self.items = items.map { item in
      Item(
        bytes: (item.bytes + Self.alignment - 1) / Self.alignment * Self.alignment,
        lifetime: item.lifetime)
    }
  }

  /// The most bytes alive at one time.
  public var lowerBound: Int { breadths.values.max() ?? 0 }

  /// The best layout found.
  public func layout() -> Layout {
    let bound = lowerBound
    let largest = items.indices.sorted(by: largerFirst)
    var best = place(largest)
    if best.bytes > bound { improve(&best, from: largest, to: bound) }
    if best.bytes > bound { improve(&best, from: breadthOrder(largest), to: bound) }
    if best.bytes > bound {
      improve(&best, from: breadthOrder(items.indices.sorted(by: longerFirst)), to: bound)
    }
    return best
  }

  /// Tries an order, and those that follow from it when what sticks out is placed first.
  private func improve(_ best: inout Layout, from order: [Int], to bound: Int) {
    var order = order
    for _ in 0..<Self.rounds where best.bytes > bound {
      let layout = place(order)
      if layout.bytes < best.bytes { best = layout }
      let isLast = { (index: Int) in layout.offsets[index] + items[index].bytes == layout.bytes }
      order = order.filter(isLast) + order.filter { !isLast($0) }
    }
  }

  private static let rounds = 16

  private func largerFirst(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (items[left], items[right])
    if a.bytes != b.bytes { return a.bytes > b.bytes }
    if a.lifetime.count != b.lifetime.count { return a.lifetime.count > b.lifetime.count }
    return left < right
  }

  private func longerFirst(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (items[left].lifetime.count, items[right].lifetime.count)
    return a == b ? largerFirst(left, right) : a > b
  }

  /// The bytes alive at each time at which a lifetime begins: no maximum lies elsewhere.
  private var breadths: [Int: Int] {
    var changes: [Int: Int] = [:]
    for item in items {
      changes[item.lifetime.lowerBound, default: 0] += item.bytes
      changes[item.lifetime.upperBound + 1, default: 0] -= item.bytes
    }
    var alive = 0
    var result: [Int: Int] = [:]
    for (time, change) in changes.sorted(by: { $0.key < $1.key }) {
      alive += change
      result[time] = alive
    }
    return result
  }

  /// The buffers of the time with most bytes alive, then of the one with next to most, each in the
  /// order given.
  private func breadthOrder(_ within: [Int]) -> [Int] {
    var order: [Int] = []
    var isPlaced = Array(repeating: false, count: items.count)
    for (time, _) in breadths.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) {
      for index in within where !isPlaced[index] && items[index].lifetime.contains(time) {
        isPlaced[index] = true
        order.append(index)
      }
    }
    return order
  }

  /// Places items one by one into the smallest gap that holds them, between those that live at the
  /// same time.
  private func place(_ order: [Int]) -> Layout {
    var layout = Layout(offsets: Array(repeating: 0, count: items.count), bytes: 0)
    var placed: [Int] = []  // ascending by offset
    for index in order {
      let item = items[index]
      var best: (offset: Int, gap: Int)?
      var end = 0
      for other in placed where items[other].lifetime.overlaps(item.lifetime) {
        let gap = layout.offsets[other] - end
        if gap >= item.bytes, gap < best?.gap ?? Int.max { best = (end, gap) }
        end = max(end, layout.offsets[other] + items[other].bytes)
      }
      let offset = best?.offset ?? end
      layout.offsets[index] = offset
      layout.bytes = max(layout.bytes, offset + item.bytes)
      let position = placed.firstIndex { layout.offsets[$0] > offset } ?? placed.count
      placed.insert(index, at: position)
    }
    return layout
  }
}
