/// A function applied in a product's epilogue, while the result is in registers.
public enum Activation: String, Hashable, Sendable, CaseIterable {
  case none, relu, sigmoid, tanh
  /// x · Φ(x), by the error function (Hendrycks and Gimpel, 2016).
  case gelu
  /// The same paper's approximation by tanh.
  case geluTanh

  /// The function itself.
  public func value(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .relu: Unary.relu.value(x)
    case .sigmoid: Unary.sigmoid.value(x)
    case .tanh: Mathematics.tanh(x)
    case .gelu: 0.5 * x * (1 + Mathematics.erf(x / 2.0.squareRoot()))
    case .geluTanh:
      0.5 * x
        * (1 + Mathematics.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    }
  }
  /// The derivative.
  public func slope(_ x: Double) -> Double {
    switch self {
    case .none: return 1
    case .relu: return x > 0 ? 1 : 0
    case .sigmoid:
      let y = value(x)
      return y * (1 - y)
    case .tanh:
      let y = value(x)
      return 1 - y * y
    case .gelu:
      // Φ(x) + x · φ(x)
      let distribution = 0.5 * (1 + Mathematics.erf(x / 2.0.squareRoot()))
      return distribution + x * Mathematics.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case .geluTanh:
      // With u = √(2/π)·(x + 0.044715·x³) and t = tanh u: (1 + t)/2 + x/2 · (1 - t²) · u'.
      let root = (2 / Double.pi).squareRoot()
      let t = Mathematics.tanh(root * (x + 0.044715 * x * x * x))
      return (1 + t) / 2 + x / 2 * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x)
    }
  }
}
