import SequentIR

/// What does not depend on a run's inputs, for all functions of a module and all sizes.
///
/// Parameters, literals, operations on these alone, and weights brought into a kernel's order. Equal
/// definitions are one entry, so that each is made once per set of weights and shared.
public struct ConstantPool: Sendable {
  /// How a constant is made.
  ///
  /// The buffers of views are positions in the pool.
  public enum Definition: Hashable, Sendable {
    case parameter(String)
    /// The bits of the elements.
    case literal(ElementType, [UInt32])
    case operation(Operation, [View], result: Int)
    case packed(Kernel.Packing, [View])
  }

  /// One constant.
  public struct Entry: Sendable {
    public let definition: Definition
    public let elementType: ElementType
    /// Dense, row-major.
    public let shape: [Int]

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
  }

  /// The constants; one refers only to those before it.
  public private(set) var entries: [Entry] = []
  private var positions: [Definition: Int] = [:]
  /// The parameters whose elements are all bfloat16 numbers: kernels may keep them in two bytes each.
  let bfloat16Parameters: Set<String>

  /// Creates an empty pool.
  public init(bfloat16Parameters: Set<String> = []) {
    self.bfloat16Parameters = bfloat16Parameters
  }

  /// The position of a constant, new or not.
  mutating func intern(
    _ definition: Definition, _ elementType: ElementType, _ shape: [Int]
  ) -> Int {
    if let position = positions[definition] { return position }
    entries.append(Entry(definition: definition, elementType: elementType, shape: shape))
    positions[definition] = entries.count - 1
    return entries.count - 1
  }

  /// Whether a constant is known to be all zeros.
  func isZero(_ position: Int) -> Bool {
    guard case .literal(_, let bits) = entries[position].definition else { return false }
    return bits.allSatisfy { $0 == 0 }
  }
}

extension Constant {
  /// The elements as kernels have them in memory.
  var bits: [UInt32] {
    values.map { value in
      switch elementType {
      case .float32: Float(value).bitPattern
      case .int32: UInt32(bitPattern: Int32(exactly: value.rounded(.towardZero)) ?? .max)
      case .bool: value != 0 ? 1 : 0
      }
    }
  }
}

extension Operation {
  /// Whether the operation means the same for every value of the symbols.
  var isStatic: Bool { rule.attributes.allSatisfy { $0.value.isStatic } }
}

extension AttributeValue {
  fileprivate var isStatic: Bool {
    switch self {
    case .number, .word: true
    case .dimension(let dimension): dimension.staticSize != nil
    case .list(let values): values.allSatisfy(\.isStatic)
    case .graph: false
    }
  }
}
