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
}
