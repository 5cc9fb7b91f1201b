import Glibc

/// The C library's functions in double precision, for the reference evaluator.
enum Mathematics {
  static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  static func log(_ x: Double) -> Double { Glibc.log(x) }
  static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }

  /// A real number as i32: towards zero, to the nearest end of the range beyond it, 0 for NaN.
  static func int32(_ x: Double) -> Int32 {
    guard !x.isNaN else { return 0 }
    return Int32(min(max(x, Double(Int32.min)), Double(Int32.max)))
  }
}
