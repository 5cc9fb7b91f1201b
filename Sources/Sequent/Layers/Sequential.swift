/// Layers one after the other, each getting what the one before it gives.
///
///     let head = Sequential {
///       Linear(192, 64)
///       Activate { relu($0) }
///       Linear(64, 8)
///     }
public struct Sequential: Layer, NamedParts {
  /// The layers, in order.
  public let layers: [any Layer]

  /// Creates a chain of layers.
  public init(@LayerBuilder _ layers: () -> Sequential) { self = layers() }

  init(_ layers: [any Layer]) { self.layers = layers }

  /// Each layer by its position.
  public var parts: [(name: String, part: Any)] {
    layers.enumerated().map { (String($0), $1) }
  }

  /// The last layer's result.
  public func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
}

/// Collects the layers between braces.
@resultBuilder
public enum LayerBuilder {
  /// One line.
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  /// All lines.
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  /// An `if` without `else`.
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  /// The `if` branch.
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  /// The `else` branch.
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  /// A loop.
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
  /// The chain.
  public static func buildFinalResult(_ parts: [any Layer]) -> Sequential { Sequential(parts) }
}
