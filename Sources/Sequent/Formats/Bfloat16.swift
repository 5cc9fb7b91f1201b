/// A bfloat16 is the upper half of a float32.
enum Bfloat16 {
  /// The float32 of the same value.
  static func widened(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// The nearest, the even one of two; NaN stays NaN.
  static func nearest(to value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16 | 0x40) }
    return UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
  }

  /// A float32 rounded to the precision of bfloat16.
  static func rounded(_ value: Float) -> Float { widened(nearest(to: value)) }
}
