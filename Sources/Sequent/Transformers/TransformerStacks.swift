import SequentIR

/// Layers of an encoder, one on the other; with `isCausal` also a decoder without memory.
public struct TransformerEncoder: Layer {
  /// The layers.
  public let layers: [TransformerEncoderLayer]
  /// The normalisation behind the last layer, where the layers normalise before their parts.
  public let norm: (any Layer)?

  /// Creates a stack of layers of one shape.
  public init(_ shape: TransformerShape, layers: Int) {
    self.layers = (0..<max(layers, 0)).map { _ in TransformerEncoderLayer(shape) }
    norm = shape.placement == .before ? shape.norm() : nil
  }

  /// All positions see each other.
  public func forward(_ x: Tensor) -> Tensor { run(x) { $0($1) } }

  /// `[batch, time, width]` to the same; parameters as in `MultiHeadAttention`.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor? = nil, isCausal: Bool = false, positions: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      run(x) { $0($1, lengths: lengths, isCausal: isCausal, positions: positions) }
    }
  }

  /// New positions of every row, which see what the cache holds.
  func callAsFunction(
    _ x: Tensor, _ cache: KeyValueCache, positions: Tensor? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      var y = x
      for (index, layer) in layers.enumerated() {
        y = layer.run(y) { layer.attention($0, cache, layer: index, positions: positions) }
      }
      return norm.map { $0(y) } ?? y
    }
  }

  private func run(_ x: Tensor, _ apply: (TransformerEncoderLayer, Tensor) -> Tensor) -> Tensor {
    let y = layers.reduce(x) { apply($1, $0) }
    return norm.map { $0(y) } ?? y
  }
}

/// Layers of a decoder that attends to a memory, one on the other.
public struct TransformerDecoder: Sendable {
  /// The layers.
  public let layers: [TransformerDecoderLayer]
  /// The normalisation behind the last layer, where the layers normalise before their parts.
  public let norm: (any Layer)?

  /// Creates a stack of layers of one shape.
  public init(_ shape: TransformerShape, layers: Int) {
    self.layers = (0..<max(layers, 0)).map { _ in TransformerDecoderLayer(shape) }
    norm = shape.placement == .before ? shape.norm() : nil
  }

  /// `[batch, time, width]` to the same; parameters as in `TransformerDecoderLayer`.
  public func callAsFunction(
    _ x: Tensor, over memory: Tensor, lengths: Tensor? = nil, memoryLengths: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      let y = layers.reduce(x) {
        $1($0, over: memory, lengths: lengths, memoryLengths: memoryLengths)
      }
      return norm.map { $0(y) } ?? y
    }
  }

  /// A new position of every row, which sees what the cache holds and, of the memory, its source's.
  ///
  /// - Parameters:
  ///   - x: `[rows, 1, width]`.
  ///   - memory: every layer's keys and values of what was read, `[rows, keys, heads, width]`.
  ///   - memoryLengths: i32 `[rows]`.
  /// - Returns: what the last layer gives, and the weights of its heads in the memory,
  ///   `[rows, heads, 1, keys]`; none without layers.
  func callAsFunction(
    _ x: Tensor, _ cache: KeyValueCache, over memory: [(k: Tensor, v: Tensor)],
    memoryLengths: Tensor, positions: Tensor, file: String = #fileID, line: Int = #line
  ) -> (output: Tensor, weights: Tensor?) {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      var (y, weights) = (x, Tensor?.none)
      for (index, layer) in layers.enumerated() {
        y = layer.run(
          y, { layer.attention($0, cache, layer: index, positions: positions) },
          {
            let seen = layer.crossAttention.attend($0, over: memory[index], lengths: memoryLengths)
            weights = seen.weights
            return seen.context
          })
      }
      return (norm.map { $0(y) } ?? y, weights)
    }
  }
}
