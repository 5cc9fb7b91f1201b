/// Memory for structures and arrays that C reads: it stays where it is until `withMemory` ends.
final class Memory {
  private var releases: [() -> Void] = []
  private var guards: [UnsafeMutableBufferPointer<UInt32>] = []

  fileprivate init() {}

  func array<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    pointer.initialize(from: elements, count: elements.count)
    releases.append {
      pointer.deinitialize(count: elements.count)
      pointer.deallocate()
    }
    return pointer
  }

  func one<Element>(_ element: Element) -> UnsafeMutablePointer<Element> {
    array([element])
  }

  /// Floats that start off any boundary, with patterns before and behind them that a kernel must
  /// neither change nor let into a result: as floats they are NaN.
  func guarded(_ elements: [Float]) -> UnsafeMutablePointer<Float> {
    let border = 67
    let words = array(
      [UInt32](repeating: Self.pattern, count: elements.count + 2 * border))
    guards.append(UnsafeMutableBufferPointer(start: words, count: border))
    guards.append(
      UnsafeMutableBufferPointer(start: words + border + elements.count, count: border))
    let floats = UnsafeMutableRawPointer(words + border).assumingMemoryBound(to: Float.self)
    floats.update(from: elements, count: elements.count)
    return floats
  }

  func guarded(count: Int) -> UnsafeMutablePointer<Float> {
    guarded([Float](repeating: .nan, count: count))
  }

  /// Whether nothing was written around the guarded floats.
  var guardsHold: Bool {
    guards.allSatisfy { words in words.allSatisfy { $0 == Self.pattern } }
  }

  private static let pattern: UInt32 = 0x7FC5_A5A5

  fileprivate func release() {
    releases.forEach { $0() }
  }
}

func withMemory<Result>(_ body: (Memory) throws -> Result) rethrows -> Result {
  let memory = Memory()
  defer { memory.release() }
  return try body(memory)
}
