import Glibc
import Kernels
import SequentIR

/// A block of memory that is freed with its last owner.
///
/// Sendable because its address never changes; who may write, and when, is for the owners to say.
final class Memory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let bytes: Int

  /// Uninitialised memory.
  ///
  /// - Throws: `RuntimeError` when the machine has less.
  init(bytes: Int, for what: @autoclosure () -> String) throws {
    guard bytes <= Self.machineBytes, let base = kn_allocate(max(bytes, 1)) else {
      throw RuntimeError(
        "\(what()) needs \(bytes) bytes; the machine has \(Self.machineBytes) bytes of memory")
    }
    (self.base, self.bytes) = (base, bytes)
  }

  deinit { kn_release(base) }

  private static let machineBytes = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))

  /// Makes every byte zero.
  func clear() { base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }
}

/// A type that tensors in memory are made of.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// Whether tensors of an element type are made of this.
  static func represents(_ elementType: ElementType) -> Bool
}

extension Float: TensorElement {
  /// Floats are f32.
  public static func represents(_ elementType: ElementType) -> Bool { elementType == .float32 }
}

extension Int32: TensorElement {
  /// 32-bit integers are i32, and booleans as 0 and 1.
  public static func represents(_ elementType: ElementType) -> Bool { elementType != .float32 }
}

extension TensorData {
  /// Writes the elements, dense, to memory that is large enough.
  func write(to base: UnsafeMutableRawPointer) {
    switch elements {
    case .float32(let values): base.copyMemory(from: values, byteCount: values.count * 4)
    case .int32(let values): base.copyMemory(from: values, byteCount: values.count * 4)
    case .bool(let values):
      let target = base.assumingMemoryBound(to: Int32.self)
      for (index, value) in values.enumerated() { target[index] = value ? 1 : 0 }
    }
  }

  /// Reads dense elements from memory.
  init(_ elementType: ElementType, shape: [Int], from base: UnsafeRawPointer) throws {
    let count = shape.reduce(1, *)
    switch elementType {
    case .float32:
      try self.init(shape: shape, elements: .float32(Self.read(Float.self, count, base)))
    case .int32:
      try self.init(shape: shape, elements: .int32(Self.read(Int32.self, count, base)))
    case .bool:
      let words = Self.read(Int32.self, count, base)
      try self.init(shape: shape, elements: .bool(words.map { $0 != 0 }))
    }
  }

  private static func read<Element: BitwiseCopyable>(
    _ type: Element.Type, _ count: Int, _ base: UnsafeRawPointer
  ) -> [Element] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0, let target = buffer.baseAddress {
        UnsafeMutableRawPointer(target).copyMemory(from: base, byteCount: count * 4)
      }
      initialized = count
    }
  }
}
