import SequentIR

/// A parameter of a layer, before it has a name.
///
/// A weight is known by identity: a layer used twice, or a weight held by two layers, is one
/// parameter. Tracing names it after the properties that lead to it, `encoder.head.weight`.
public final class Weight: Sendable {
  /// The sizes of its axes.
  public let shape: [Int]
  /// What it is for.
  public let role: ParameterRole
  /// How its first values are drawn.
  public let initializer: InitializerKind

  /// Creates a weight.
  public init(
    _ shape: [Int], role: ParameterRole = .other, initializer: InitializerKind = .xavierUniform
  ) {
    self.shape = shape
    self.role = role
    self.initializer = initializer
  }

  /// A bias or scale of a layer: a vector.
  public static func vector(_ size: Int, initializer: InitializerKind = .zeros) -> Weight {
    Weight([size], role: .vector, initializer: initializer)
  }

  var type: TensorType { TensorType(.float32, shape.map { Dimension(constant: $0) }) }
}

/// A value that says itself what its weights and layers are called.
///
/// Others are looked through property by property.
public protocol NamedParts {
  /// Names and parts: weights, layers, or arrays of these.
  var parts: [(name: String, part: Any)] { get }
}

/// The weights that a value holds, named by the properties that lead to them, in order.
func namedWeights(of value: Any, path: String = "") -> [(name: String, weight: Weight)] {
  if let weight = value as? Weight { return [(path, weight)] }
  let parts: [(name: String, part: Any)]
  if let named = value as? any NamedParts {
    parts = named.parts
  } else {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.flatMap { namedWeights(of: $0.value, path: path) }
    case .struct, .tuple, .collection, .class:
      parts = mirror.children.enumerated().map { ($1.label ?? String($0), $1.value) }
    default: return []
    }
  }
  return parts.flatMap {
    namedWeights(of: $0.part, path: path.isEmpty ? $0.name : "\(path).\($0.name)")
  }
}
