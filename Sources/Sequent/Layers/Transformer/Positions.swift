import Foundation
import SequentIR

/// The positions of a sequence's tokens, i32: `[time]`, or `[batch, time]` where rows begin at different
/// ones.
///
/// - Parameters:
///   - x: the sequence, `[batch, time, …]`.
///   - past: i32 `[batch]`, how many tokens of every row come before; none by default.
public func positions(
  of x: Tensor, past: Tensor? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.trace.context.scope("", SourceLocation(file: file, line: line)) {
    guard x.rank >= 2 else {
      if x.value != nil {
        x.trace.context.fail("positions are of [batch, time, …], got \(x.type)", nil)
      }
      return x.withoutValue
    }
    let count = x.trace.emit(
      .iota(Iota(shape: [x.shape[1]], axis: 0)), [], names: ["position"], at: nil)[0]
    guard let past else { return count }
    return past.expanded(at: 1) + count
  }
}

/// Sines and cosines of positions (Vaswani et al., 2017): with ω = base^(-2i / width),
/// p[2i] = sin(position · ω) and p[2i + 1] = cos(position · ω).
public struct SinusoidalPositions: Sendable {
  /// The width of a position's vector, an even number.
  public let width: Int
  /// What the longest period grows with.
  public let base: Double

  /// Creates positions of a width.
  public init(_ width: Int, base: Double = 10_000) {
    self.width = width
    self.base = base
  }

  /// Positions `[…]` to vectors `[…, width]`.
  public func callAsFunction(
    _ positions: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    positions.trace.context.scope("", SourceLocation(file: file, line: line)) {
      let angles = positionAngles(positions, width: width, base: base)
      let parts = [angles.emit(.unary(.sine)), angles.emit(.unary(.cosine))].map {
        $0.expanded(at: angles.rank)
      }
      return parts[0].concatenated(with: [parts[1]], axis: -1)
        .reshaped(to: positions.shape + [Dimension(constant: width)])
    }
  }
}

/// Rotary positions (Su et al., 2021): every pair of features i, i + width / 2 of a query or key turns
/// by position · base^(-2i / width), so that scores depend on distances.
public struct RotaryPositions: Sendable {
  /// The width of a head, an even number.
  public let width: Int
  /// What the longest period grows with.
  public let base: Double

  /// Creates positions for heads of a width.
  public init(_ width: Int, base: Double = 10_000) {
    self.width = width
    self.base = base
  }

  /// Turns `x` `[batch, time, heads, width]` by positions `[time]` or `[batch, time]`.
  public func callAsFunction(
    _ x: Tensor, _ positions: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    x.trace.context.scope("", SourceLocation(file: file, line: line)) {
      let half = Dimension(constant: width / 2)
      let angles = positionAngles(positions, width: width, base: base)
        .expanded(at: positions.rank)
      let (cosine, sine) = (angles.emit(.unary(.cosine)), angles.emit(.unary(.sine)))
      let left = x.slice(axis: -1, from: 0, size: half)
      let right = x.slice(axis: -1, from: half, size: half)
      return (left * cosine - right * sine)
        .concatenated(with: [right * cosine + left * sine], axis: -1)
    }
  }
}

/// position · base^(-2i / width): `[…]` to `[…, width / 2]`.
private func positionAngles(_ positions: Tensor, width: Int, base: Double) -> Tensor {
  guard width > 0, width % 2 == 0 else {
    positions.trace.context.fail("positions of \(width) features do not come in pairs", nil)
    return positions.withoutValue
  }
  let frequencies = (0..<width / 2).map { pow(base, -2 * Double($0) / Double(width)) }
  let constant = positions.trace.emit(
    .constant(Constant(frequencies, shape: [width / 2])), [], names: ["frequencies"], at: nil)[0]
  return positions.cast(to: .float32).expanded(at: positions.rank) * constant
}
