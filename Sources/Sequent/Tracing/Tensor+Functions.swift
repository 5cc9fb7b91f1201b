import SequentIR

/// 1 / (1 + e⁻ˣ).
public func sigmoid(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.unary(.sigmoid), at: SourceLocation(file: file, line: line))
}

/// The hyperbolic tangent.
public func tanh(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.unary(.tanh), at: SourceLocation(file: file, line: line))
}

/// max(x, 0).
public func relu(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.unary(.relu), at: SourceLocation(file: file, line: line))
}

/// eˣ.
public func exp(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.unary(.exponential), at: SourceLocation(file: file, line: line))
}

/// The natural logarithm.
public func log(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.unary(.logarithm), at: SourceLocation(file: file, line: line))
}

/// The square root.
public func sqrt(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.unary(.squareRoot), at: SourceLocation(file: file, line: line))
}

/// log(1 + eˣ), without overflow.
public func softplus(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.trace.context.scope("", SourceLocation(file: file, line: line)) {
    relu(x) + log(1 + exp(-x.emit(.unary(.absolute))))
  }
}

/// x itself, which gradients take for a constant.
public func stopGradient(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  x.emit(.stopGradient(StopGradient()), at: SourceLocation(file: file, line: line))
}

/// How the Gaussian's distribution function is computed in a GELU.
public enum GELUForm: String, Sendable {
  /// By the error function, as BERT does.
  case exact
  /// By a hyperbolic tangent, as GPT-2 does.
  case tanh
}

/// x · Φ(x) (Hendrycks and Gimpel, 2016).
public func gelu(
  _ x: Tensor, _ form: GELUForm = .exact, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.trace.context.scope("", SourceLocation(file: file, line: line)) {
    switch form {
    case .exact:
      let erf = (x * (1 / 2.0.squareRoot())).emit(.unary(.erf))
      return x * 0.5 * (1 + erf)
    case .tanh:
      let inner = (x + 0.044715 * (x * x * x)) * (2 / Double.pi).squareRoot()
      return x * 0.5 * (1 + tanh(inner))
    }
  }
}

/// eˣ / Σ eˣ over the last axis.
///
/// - Parameter mask: booleans that stretch to x: where false the weight is zero, and a row that is
///   false everywhere is zero everywhere.
public func softmax(
  _ x: Tensor, mask: Tensor? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.trace.context.scope("", SourceLocation(file: file, line: line)) {
    guard let mask else {
      let weights = exp(x - x.maximum(over: -1, keepingAxis: true))
      return weights / weights.sum(over: -1, keepingAxis: true)
    }
    let scores = select(mask, x, x.scalar(-.infinity))
    let largest = scores.maximum(over: -1, keepingAxis: true)
    let finite = select(largest .== -.infinity, x.scalar(0), largest)
    let weights = exp(scores - finite)
    let sum = weights.sum(over: -1, keepingAxis: true)
    return weights / select(sum .== 0, x.scalar(1), sum)
  }
}
