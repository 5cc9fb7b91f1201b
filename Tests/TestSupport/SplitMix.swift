/// A small generator that gives the same numbers for a seed everywhere (Steele, Lea, Flood, 2014).
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates a generator.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// A number in a range of integers.
  public mutating func integer(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// A number in ±1, exact in float32.
  public mutating func unit() -> Double {
    Double(Float(Double.random(in: -1...1, using: &self)))
  }

  /// Whether an event of a probability happens.
  public mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }

  /// One of several things; nil when there are none.
  public mutating func pick<Items: Collection>(_ items: Items) -> Items.Element? {
    items.randomElement(using: &self)
  }
}
