import SequentIR

// Operators carry no source line of their own: a mistake in one is reported at the last line seen.
extension Tensor {
  /// The sum, element by element; sizes of 1 stretch.
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    left.emit(.binary(.add), [right])
  }

  /// The difference, element by element.
  public static func - (left: Tensor, right: Tensor) -> Tensor {
    left.emit(.binary(.subtract), [right])
  }

  /// The product, element by element.
  public static func * (left: Tensor, right: Tensor) -> Tensor {
    left.emit(.binary(.multiply), [right])
  }

  /// The quotient, element by element.
  public static func / (left: Tensor, right: Tensor) -> Tensor {
    left.emit(.binary(.divide), [right])
  }

  /// The negative of every element.
  public static prefix func - (operand: Tensor) -> Tensor { operand.emit(.unary(.negate)) }

  /// Every element plus a number.
  public static func + (left: Tensor, right: Double) -> Tensor { left + left.scalar(right) }
  /// A number plus every element.
  public static func + (left: Double, right: Tensor) -> Tensor { right.scalar(left) + right }
  /// Every element minus a number.
  public static func - (left: Tensor, right: Double) -> Tensor { left - left.scalar(right) }
  /// A number minus every element.
  public static func - (left: Double, right: Tensor) -> Tensor { right.scalar(left) - right }
  /// Every element times a number.
  public static func * (left: Tensor, right: Double) -> Tensor { left * left.scalar(right) }
  /// A number times every element.
  public static func * (left: Double, right: Tensor) -> Tensor { right.scalar(left) * right }
  /// Every element divided by a number.
  public static func / (left: Tensor, right: Double) -> Tensor { left / left.scalar(right) }

  /// Where this tensor is smaller than another: booleans.
  public static func .< (left: Tensor, right: Tensor) -> Tensor {
    left.emit(.compare(.less), [right])
  }

  /// Where this tensor equals another: booleans.
  public static func .== (left: Tensor, right: Tensor) -> Tensor {
    left.emit(.compare(.equal), [right])
  }

  /// Where this tensor equals a number: booleans.
  public static func .== (left: Tensor, right: Double) -> Tensor { left .== left.scalar(right) }
}

/// The larger of two elements; NaN if one is.
public func maximum(
  _ x: Tensor, _ y: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.emit(.binary(.maximum), [y], at: SourceLocation(file: file, line: line))
}

/// Elements of `x` where `condition` holds, of `y` elsewhere.
public func select(
  _ condition: Tensor, _ x: Tensor, _ y: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  condition.emit(.select(Select()), [x, y], at: SourceLocation(file: file, line: line))
}

/// The product over the last axis of `x` and the last but one of `y`: `[…, m, k] · [k, n]`.
public func matmul(
  _ x: Tensor, _ y: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.emit(.matmul(MatMul()), [y], at: SourceLocation(file: file, line: line))
}

/// The product of a tensor `[…, m, k]` with a weight `[k, n]`.
public func matmul(
  _ x: Tensor, _ weight: Weight, file: String = #fileID, line: Int = #line
) -> Tensor {
  matmul(x, x.trace.tensor(weight), file: file, line: line)
}

extension Tensor {
  /// This tensor plus a weight, whose shape stretches.
  public static func + (left: Tensor, right: Weight) -> Tensor { left + left.trace.tensor(right) }
  /// This tensor times a weight, whose shape stretches.
  public static func * (left: Tensor, right: Weight) -> Tensor { left * left.trace.tensor(right) }
}
