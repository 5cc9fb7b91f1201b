/// How far a float is from the true value, in units of the last place of a float there.
func distanceInUlps(_ got: Float, _ truth: Double) -> Double {
  if got.isNaN || truth.isNaN { return got.isNaN && truth.isNaN ? 0 : .infinity }
  if Float(truth) == got { return 0 }
  if truth.isInfinite { return .infinity }
  // An infinity counts as the number that would follow the largest one.
  let value = got.isInfinite ? (got < 0 ? -0x1p128 : 0x1p128) : Double(got)
  return abs(value - truth) / Double(Float(min(abs(truth), 0x1.fffffep127)).ulp)
}

/// As a thread that flushes denormals reads it.
func flushed(_ x: Float) -> Float {
  x.isSubnormal ? Float(signOf: x, magnitudeOf: 0) : x
}
