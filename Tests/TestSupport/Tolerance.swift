import SequentIR

/// How far two numbers may be apart: `|a - b| ≤ absolute + relative · |b|`.
public struct Tolerance: Sendable {
  /// The part that does not depend on the numbers.
  public let absolute: Double
  /// The part that grows with the expected number.
  public let relative: Double

  /// Creates a tolerance.
  public init(absolute: Double = 0, relative: Double = 0) {
    self.absolute = absolute
    self.relative = relative
  }

  /// For the evaluator against itself: double precision, a few roundings.
  public static let double = Tolerance(absolute: 1e-12, relative: 1e-12)
  /// For float32 kernels against the evaluator, over sums of up to a few hundred terms.
  public static let float = Tolerance(absolute: 1e-5, relative: 1e-4)

  /// Whether two numbers are close; NaN is close to NaN, an infinity only to itself.
  public func accepts(_ actual: Double, _ expected: Double) -> Bool {
    if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN }
    if actual == expected { return true }
    return abs(actual - expected) <= absolute + relative * abs(expected)
  }

  /// Where two tensors differ first, as a sentence; nil when they do not.
  ///
  /// Use: `#expect(Tolerance.float.difference(actual, expected) == nil)`.
  public func difference(_ actual: HostTensor, _ expected: HostTensor) -> String? {
    guard actual.elementType == expected.elementType, actual.shape == expected.shape else {
      return "\(actual.elementType.rawValue)\(actual.shape), expected "
        + "\(expected.elementType.rawValue)\(expected.shape)"
    }
    let places = actual.values.indices.filter { !accepts(actual.values[$0], expected.values[$0]) }
    guard let first = places.first else { return nil }
    return "at \(index(of: first, in: actual.shape)): \(actual.values[first]), expected "
      + "\(expected.values[first]); \(places.count) of \(actual.values.count) elements differ"
  }

  /// Where two tensors differ first, as a sentence; nil when they do not.
  public func difference(_ actual: TensorData, _ expected: HostTensor) -> String? {
    difference(HostTensor(actual), expected)
  }

  /// Where two tensors differ first, as a sentence; nil when they do not.
  public func difference(_ actual: TensorData, _ expected: TensorData) -> String? {
    difference(HostTensor(actual), HostTensor(expected))
  }

  private func index(of offset: Int, in shape: [Int]) -> [Int] {
    var rest = offset
    return shape.reversed().map { size in
      defer { rest /= size }
      return rest % size
    }.reversed()
  }
}
