/// Memory for structures and arrays that C reads: it stays where it is until `withMemory` ends.
final class Memory {
  private var releases: [() -> Void] = []

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

  fileprivate func release() {
    releases.forEach { $0() }
  }
}

func withMemory<Result>(_ body: (Memory) throws -> Result) rethrows -> Result {
  let memory = Memory()
  defer { memory.release() }
  return try body(memory)
}
