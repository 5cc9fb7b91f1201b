/// Gives buffers of known sizes and lifetimes their places in one arena.
///
/// Two greedy orders are tried, and the smaller arena is kept: the largest buffers first (Pisarchyk
/// and Lee, 2020), and the buffers of the instruction with most bytes alive first. Where that leaves
/// gaps, buffers that stick out at the end are placed earlier, a few times over.
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
    var order = items.indices.sorted { largerFirst($0, $1) }
    var best = place(order)
    if best.bytes > bound {
      let breadthOrder = breadthOrder()
      let layout = place(breadthOrder)
      if layout.bytes < best.bytes { (best, order) = (layout, breadthOrder) }
    }
    var latest = best
    for _ in 0..<Self.rounds where best.bytes > bound {
      let isLast = { (index: Int) in latest.offsets[index] + items[index].bytes == latest.bytes }
      let next = order.filter(isLast) + order.filter { !isLast($0) }
      (order, latest) = (next, place(next))
      if latest.bytes < best.bytes { best = latest }
    }
    return best
  }

  private static let rounds = 16

  private func largerFirst(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (items[left], items[right])
    if a.bytes != b.bytes { return a.bytes > b.bytes }
    if a.lifetime.count != b.lifetime.count { return a.lifetime.count > b.lifetime.count }
    return left < right
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

  private func breadthOrder() -> [Int] {
    var order: [Int] = []
    var isPlaced = Array(repeating: false, count: items.count)
    let largest = items.indices.sorted { largerFirst($0, $1) }
    for (time, _) in breadths.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) {
      for index in largest where !isPlaced[index] && items[index].lifetime.contains(time) {
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
