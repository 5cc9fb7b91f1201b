import SequentIR

/// Where a model's weights are: a file, or tensors in memory.
///
/// A weight is read when a plan that needs it is made, not before.
public protocol ParameterSource: Sendable {
  /// Element type and shape of a parameter, without reading it; nil when it is not there.
  func parameterType(_ name: String) -> (elementType: ElementType, shape: [Int])?

  /// The parameters whose elements are all bfloat16 numbers, which kernels then keep in two bytes each;
  /// none by default.
  var bfloat16Parameters: Set<String> { get }

  /// Calls `body` with a parameter's elements: dense, row-major, four bytes each, aligned to them.
  func withElements<Result>(
    ofParameter name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result
}

extension ParameterSource {
  /// None.
  public var bfloat16Parameters: Set<String> { [] }
}

extension [String: TensorData]: ParameterSource {
  /// Element type and shape of a tensor.
  public func parameterType(_ name: String) -> (elementType: ElementType, shape: [Int])? {
    self[name].map { ($0.elementType, $0.shape) }
  }

  /// Calls `body` with a tensor's elements.
  public func withElements<Result>(
    ofParameter name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    switch self[name]?.elements {
    case .float32(let values): return try values.withUnsafeBytes(body)
    case .int32(let values): return try values.withUnsafeBytes(body)
    case .bool(let values): return try values.map { Int32($0 ? 1 : 0) }.withUnsafeBytes(body)
    case nil: throw RuntimeError("there is no parameter '\(name)'")
    }
  }
}
