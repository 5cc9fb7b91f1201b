import Foundation

/// A number with so many digits behind the point.
public func fixed(_ value: Double, _ digits: Int) -> String {
  String(format: "%.\(digits)f", value)
}

/// A number with two significant digits and its power of ten, `3.1e-07`; `0` for zero.
public func scientific(_ value: Double) -> String {
  value == 0 ? "0" : String(format: "%.1e", value)
}
