import SequentIR

/// Which vectors stand for positions where tokens enter a Transformer.
public enum PositionKind: String, Codable, Hashable, Sendable {
  /// A table of vectors, learned.
  case learned
  /// Sines and cosines; tokens' vectors are scaled by √width, as in the paper.
  case sinusoidal
  /// Queries and keys are turned by their positions.
  case rotary
  /// None.
  case none
}

/// What a Transformer knows of tokens: vectors of the token, its position and its segment, summed.
public struct TokenEmbedding: Sendable {
  /// The tokens' vectors, `[vocabulary, width]`.
  public let token: Embedding
  /// The positions' vectors, `[positions, width]`.
  public let position: Embedding?
  /// The segments' vectors, `[segments, width]`.
  public let segment: Embedding?
  /// The normalisation of the sum.
  public let norm: (any Layer)?
  private let sinusoids: SinusoidalPositions?
  private let dropout: Dropout

  /// Creates the embedding of a shape's tokens.
  ///
  /// - Parameters:
  ///   - positionCount: how many positions a learned table has.
  ///   - segments: how many kinds of tokens there are; none by default.
  ///   - isNormalized: whether the sum is normalised.
  public init(
    _ vocabulary: Int, _ shape: TransformerShape, positions: PositionKind, positionCount: Int = 0,
    segments: Int = 0, isNormalized: Bool = false
  ) {
    let draw = Initialization.matrices(.normal(deviation: 0.02))
    // A table that is scaled, or shared with the output, begins small.
    let width = Float(max(shape.width, 1))
    token = Embedding(
      vocabulary, shape.width,
      initialization: positions == .sinusoidal
        ? .matrices(.normal(deviation: 1 / width.squareRoot())) : draw)
    position =
      positions == .learned
      ? Embedding(positionCount, shape.width, initialization: draw) : nil
    segment = segments > 0 ? Embedding(segments, shape.width, initialization: draw) : nil
    norm = isNormalized ? shape.norm() : nil
    sinusoids = positions == .sinusoidal ? SinusoidalPositions(shape.width) : nil
    dropout = Dropout(shape.dropout)
  }

  /// How many positions there are vectors for, where those are learned; nil for any number.
  public var positionCount: Int? { position?.weight.shape.first }

  /// Tokens i32 `[batch, time]` to vectors `[batch, time, width]`.
  ///
  /// - Parameters:
  ///   - positions: i32 `[time]` or `[batch, time]`; counted from zero by default.
  ///   - segments: i32 `[batch, time]`; 0 by default.
  public func callAsFunction(
    _ tokens: Tensor, positions: Tensor? = nil, segments: Tensor? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let context = tokens.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      var sum = token(tokens)
      let places = positions ?? Sequent.positions(of: tokens)
      if let position { sum = sum + position(places) }
      if let sinusoids {
        sum = sum * Double(sinusoids.width).squareRoot() + sinusoids(places)
      }
      if let segment {
        let table = tokens.trace.tensor(segment.weight)
        sum = sum + (segments.map { segment($0) } ?? table.slice(axis: 0, from: 0, size: 1))
      }
      return dropout(norm.map { $0(sum) } ?? sum)
    }
  }

  /// Vectors `[…, width]` to logits of the tokens, by the tokens' own vectors (Press and Wolf, 2017).
  public func logits(_ x: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
    x.trace.context.scope("", SourceLocation(file: file, line: line)) {
      matmul(x, x.trace.tensor(token.weight).transposed([1, 0]))
    }
  }
}
