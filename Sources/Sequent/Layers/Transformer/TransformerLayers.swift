import SequentIR

/// A layer of an encoder, or of a decoder without memory: z = x + attention(x), y = z + network(z).
public struct TransformerEncoderLayer: Sendable {
  /// What positions gather from each other.
  public let attention: MultiHeadAttention
  /// The normalisation at the attention.
  public let attentionNorm: (any Layer)?
  /// What is computed at every position.
  public let feedForward: FeedForward
  /// The normalisation at the network.
  public let feedForwardNorm: (any Layer)?
  private let sublayer: Sublayer

  /// Creates a layer of a shape.
  public init(_ shape: TransformerShape) {
    attention = MultiHeadAttention(shape)
    feedForward = FeedForward(shape)
    let isNormalized = shape.placement != .none
    attentionNorm = isNormalized ? shape.norm() : nil
    feedForwardNorm = isNormalized ? shape.norm() : nil
    sublayer = Sublayer(shape)
  }

  /// `[batch, time, width]` to the same; parameters as in `MultiHeadAttention`.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor? = nil, isCausal: Bool = false, positions: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      run(x) { attention($0, lengths: lengths, isCausal: isCausal, positions: positions) }
    }
  }

  /// The layer around what stands for attention.
  func run(_ x: Tensor, _ attend: (Tensor) -> Tensor) -> Tensor {
    let z = sublayer(x, attentionNorm, attend)
    return sublayer(z, feedForwardNorm) { feedForward($0) }
  }
}

/// A layer of a decoder: attention to itself, to a memory, and the feed-forward network.
public struct TransformerDecoderLayer: Sendable {
  /// What positions gather from those before them.
  public let attention: MultiHeadAttention
  /// The normalisation at the attention.
  public let attentionNorm: (any Layer)?
  /// What positions gather from the memory.
  public let crossAttention: MultiHeadAttention
  /// The normalisation at the attention to the memory.
  public let crossAttentionNorm: (any Layer)?
  /// What is computed at every position.
  public let feedForward: FeedForward
  /// The normalisation at the network.
  public let feedForwardNorm: (any Layer)?
  private let sublayer: Sublayer

  /// Creates a layer of a shape.
  public init(_ shape: TransformerShape) {
    attention = MultiHeadAttention(shape)
    // Positions of the memory are another sequence's.
    var cross = shape
    cross.rotaryBase = nil
    cross.isJoint = false
    crossAttention = MultiHeadAttention(cross)
    feedForward = FeedForward(shape)
    let isNormalized = shape.placement != .none
    attentionNorm = isNormalized ? shape.norm() : nil
    crossAttentionNorm = isNormalized ? shape.norm() : nil
    feedForwardNorm = isNormalized ? shape.norm() : nil
    sublayer = Sublayer(shape)
  }

  /// `[batch, time, width]` to the same.
  ///
  /// - Parameters:
  ///   - memory: what the encoder gave, `[batch, keys, width]`.
  ///   - lengths: i32 `[batch]`, of x.
  ///   - memoryLengths: i32 `[batch]`.
  public func callAsFunction(
    _ x: Tensor, over memory: Tensor, lengths: Tensor? = nil, memoryLengths: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      run(
        x, { attention($0, lengths: lengths, isCausal: true) },
        { crossAttention($0, over: memory, lengths: memoryLengths) })
    }
  }

  /// The layer around what stands for the two attentions.
  func run(
    _ x: Tensor, _ attend: (Tensor) -> Tensor, _ attendToMemory: (Tensor) -> Tensor
  ) -> Tensor {
    let y = sublayer(x, attentionNorm, attend)
    let z = sublayer(y, crossAttentionNorm, attendToMemory)
    return sublayer(z, feedForwardNorm) { feedForward($0) }
  }
}

/// What is around each part of a layer: the sum with its input, and the normalisation.
private struct Sublayer: Sendable {
  let placement: NormalizationPlacement
  let dropout: Dropout

  init(_ shape: TransformerShape) {
    placement = shape.placement
    dropout = Dropout(shape.dropout)
  }

  func callAsFunction(_ x: Tensor, _ norm: (any Layer)?, _ part: (Tensor) -> Tensor) -> Tensor {
    guard let norm else { return x + dropout(part(x)) }
    return placement == .before ? x + dropout(part(norm(x))) : norm(x + dropout(part(x)))
  }
}
