import SequentIR

/// The keys around a place that a query may see (local attention, Luong et al., 2015).
///
///     attention(state, memory, window: AttentionWindow(around: step, halfWidth: 3))
public struct AttentionWindow {
  /// The place in the memory, f32 or i32 `[batch, queries]`; `[batch]` for one query.
  public let centre: Tensor
  /// How far from the centre a key may be.
  public let halfWidth: Int
  /// Whether weights are multiplied by exp(-d² / 2σ²), d the distance and σ half of `halfWidth`: so
  /// that a centre that is learned has a gradient.
  public let isGaussian: Bool

  /// Creates a window.
  public init(around centre: Tensor, halfWidth: Int, isGaussian: Bool = false) {
    (self.centre, self.halfWidth, self.isGaussian) = (centre, halfWidth, isGaussian)
  }

  /// d, `[batch, queries, keys]`, for centres `[batch, queries]`.
  static func distance(_ centre: Tensor, keys: Dimension) -> Tensor {
    let shape = centre.shape + [keys]
    let positions = centre.trace.emit(
      .iota(Iota(shape: shape, axis: 2)), [], names: ["position"], at: nil)[0]
    return positions.cast(to: .float32) - centre.cast(to: .float32).expanded(at: 2)
  }

  /// Where a distance is not too large.
  func contains(_ distance: Tensor) -> Tensor {
    distance.emit(.unary(.absolute))
      .emit(.compare(.lessOrEqual), [distance.scalar(Double(halfWidth))])
  }

  /// exp(-d² / 2σ²).
  func gaussian(_ distance: Tensor) -> Tensor {
    let deviation = Double(max(halfWidth, 1)) / 2
    return exp(distance * distance * (-1 / (2 * deviation * deviation)))
  }
}

/// Windows whose centre is learned: length · σ(vᵀ tanh(W s)) (local-p, Luong et al., 2015).
public struct PredictiveWindow: Sendable {
  /// W, `[queryWidth, units]`.
  public let hidden: Linear
  /// v, `[units, 1]`.
  public let vector: Linear
  /// How far from the centre a key may be.
  public let halfWidth: Int

  /// Creates windows from the width of queries and the number of hidden units.
  public init(query: Int, units: Int, halfWidth: Int, initialization: Initialization = .keras) {
    hidden = Linear(query, units, bias: false, initialization: initialization)
    vector = Linear(units, 1, bias: false, initialization: initialization)
    self.halfWidth = halfWidth
  }

  /// The windows of queries `[batch, queries, queryWidth]` or `[batch, queryWidth]`.
  public func callAsFunction(
    _ queries: Tensor, _ memory: AttentionMemory, file: String = #fileID, line: Int = #line
  ) -> AttentionWindow {
    let context = queries.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      let share = sigmoid(vector(tanh(hidden(queries))))
      guard share.value != nil, memory.keys.value != nil else {
        return AttentionWindow(around: share, halfWidth: halfWidth)
      }
      let flat = share.reshaped(to: Array(share.shape.dropLast()))
      var length = share.trace.emit(.size(Size([memory.keys.shape[1]])), [], at: nil)[0]
      if let lengths = memory.lengths {
        length = lengths.cast(to: .float32)
        if flat.rank == 2 { length = length.expanded(at: 1) }
      }
      return AttentionWindow(around: flat * length, halfWidth: halfWidth, isGaussian: true)
    }
  }
}
