import Kernels
import Testing

/// A C array of fixed length, as Swift imports it.
typealias Eight<Element> = (
  Element, Element, Element, Element, Element, Element, Element, Element
)

/// Up to eight elements as a C array; the rest is `filler`.
func eight<Element>(_ elements: [Element], filler: Element) -> Eight<Element> {
  let e = elements + [Element](repeating: filler, count: 8 - elements.count)
  return (e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7])
}

/// Runs one kernel as a program of its own.
func run<Arguments>(
  _ kernel: @escaping kn_kernel, _ arguments: Arguments, threads: Int = 1
) {
  withUnsafePointer(to: arguments) { arguments in
    let step = kn_step(kernel: kernel, arguments: arguments, loop: nil, threads: threads)
    withUnsafePointer(to: step) { kn_execute_exactly($0, 1, threads, nil) }
  }
}

/// Elements between canaries, to see that a kernel writes nothing around them.
final class Guarded<Element> where Element: Equatable {
  private static var margin: Int { 33 }
  private let memory: UnsafeMutableBufferPointer<Element>
  private let canary: Element

  init(_ elements: [Element], canary: Element) {
    let canaries = [Element](repeating: canary, count: Self.margin)
    memory = .allocate(capacity: elements.count + 2 * Self.margin)
    _ = memory.initialize(from: canaries + elements + canaries)
    self.canary = canary
  }

  deinit { memory.deallocate() }

  /// An odd number of elements behind the start of the memory: never where a vector is aligned.
  var pointer: UnsafeMutablePointer<Element>? {
    memory.baseAddress.map { $0 + Self.margin }
  }

  var elements: [Element] { Array(memory[Self.margin..<memory.count - Self.margin]) }

  /// Whether all canaries are alive.
  var isIntact: Bool {
    (memory.prefix(Self.margin) + memory.suffix(Self.margin)).allSatisfy { $0 == canary }
  }
}

extension Guarded<UInt32> {
  convenience init(count: Int) {
    self.init([UInt32](repeating: 0xdead_beef, count: count), canary: 0xfeed_face)
  }

  convenience init(_ elements: [Float]) {
    self.init(elements.map(\.bitPattern), canary: 0xfeed_face)
  }

  var floats: [Float] { elements.map { Float(bitPattern: $0) } }

  /// The memory as C takes floats.
  var floatPointer: UnsafeMutablePointer<Float>? {
    pointer.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Float.self) }
  }
}

/// Row-major strides of a dense tensor.
func denseStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] * shape[axis + 1]
  }
  return strides
}

/// All indices of a shape in row-major order.
func indices(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { indices, size in
    indices.flatMap { index in (0..<size).map { index + [$0] } }
  }
}

/// Where an index lies.
func offset(_ index: [Int], _ strides: [Int]) -> Int {
  zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
}

/// Numbers that look random and are the same in every run.
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -3...3) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

extension Array where Element == Float {
  /// For comparing bit by bit, NaN included.
  var bits: [UInt32] { map(\.bitPattern) }
}
