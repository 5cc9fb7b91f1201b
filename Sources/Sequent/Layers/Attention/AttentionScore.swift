import SequentIR

/// How well keys match queries: a struct of weights.
///
///     struct NegativeDistance: AttentionScore {
///       func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor {
///         let difference = queries.expanded(at: 2) - keys.expanded(at: 1)
///         return -(difference * difference).sum(over: 3)
///       }
///     }
public protocol AttentionScore: Sendable {
  /// What of a score does not depend on the query, `[batch, keys, memoryWidth]` to `[batch, keys,
  /// width]`: computed once for all steps of a decoder.
  func keys(_ memory: Tensor) -> Tensor
  /// `[batch, queries, queryWidth]` and `[batch, keys, width]` to `[batch, queries, keys]`.
  func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor
}

extension AttentionScore {
  /// The memory as it is.
  public func keys(_ memory: Tensor) -> Tensor { memory }
}

/// s · h, or s · h / √width.
public struct DotScore: AttentionScore {
  /// Whether scores are divided by √width (Vaswani et al., 2017).
  public let isScaled: Bool

  /// Creates a score without weights; queries are as wide as keys.
  public init(isScaled: Bool = false) { self.isScaled = isScaled }

  /// The products of all queries and keys.
  public func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor {
    let products = matmul(queries, keys.transposed([0, 2, 1]))
    guard isScaled else { return products }
    return products / Double(queries.shape.last?.staticSize ?? 1).squareRoot()
  }
}

/// sᵀ W h (Luong et al., 2015), the product W h being that of the keys.
public struct GeneralScore: AttentionScore {
  /// The matrix, `[memoryWidth, queryWidth]`.
  public let memory: Linear

  /// Creates a score from the widths of queries and memory.
  public init(query: Int, memory: Int, initialization: Initialization = .keras) {
    self.memory = Linear(memory, query, bias: false, initialization: initialization)
  }

  /// W h.
  public func keys(_ memory: Tensor) -> Tensor { self.memory(memory) }

  /// sᵀ (W h).
  public func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor {
    DotScore().scores(queries, keys)
  }
}

/// vᵀ tanh(W₁ s + W₂ h) (Bahdanau et al., 2015), W₂ h being the keys.
public struct AdditiveScore: AttentionScore {
  /// W₁, `[queryWidth, units]`.
  public let query: Linear
  /// W₂, `[memoryWidth, units]`, and the bias, if there is one.
  public let memory: Linear
  /// v, `[units, 1]`.
  public let vector: Linear

  /// Creates a score from the widths of queries and memory, and the number of hidden units.
  public init(
    query: Int, memory: Int, units: Int, bias: Bool = false,
    initialization: Initialization = .keras
  ) {
    self.query = Linear(query, units, bias: false, initialization: initialization)
    self.memory = Linear(memory, units, bias: bias, initialization: initialization)
    vector = Linear(units, 1, bias: false, initialization: initialization)
  }

  /// W₂ h.
  public func keys(_ memory: Tensor) -> Tensor { self.memory(memory) }

  /// vᵀ tanh(W₁ s + keys).
  public func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor {
    let sum = tanh(query(queries).expanded(at: 2) + keys.expanded(at: 1))
    return vector(sum).reshaped(to: [sum.shape[0], sum.shape[1], sum.shape[2]])
  }
}

/// Σᵤ scale[u] · tanh(s + h)[u], without projections: Keras's `AdditiveAttention`.
public struct PlainAdditiveScore: AttentionScore {
  /// What each unit counts, `[width]`; all alike if there is none.
  public let scale: Weight?

  /// Creates a score; queries are as wide as keys.
  public init(_ width: Int, hasScale: Bool = true) {
    scale = hasScale ? .vector(width, initializer: .xavierUniform) : nil
  }

  /// The weighed sums over units.
  public func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor {
    let sum = tanh(queries.expanded(at: 2) + keys.expanded(at: 1))
    return (scale.map { sum * $0 } ?? sum).sum(over: 3)
  }
}

extension AttentionScore where Self == DotScore {
  /// s · h.
  public static var dot: DotScore { DotScore() }
  /// s · h / √width.
  public static var scaledDot: DotScore { DotScore(isScaled: true) }
}

extension AttentionScore where Self == GeneralScore {
  /// sᵀ W h.
  public static func general(query: Int, memory: Int) -> GeneralScore {
    GeneralScore(query: query, memory: memory)
  }
}

extension AttentionScore where Self == AdditiveScore {
  /// vᵀ tanh(W₁ s + W₂ h).
  public static func additive(query: Int, memory: Int, units: Int) -> AdditiveScore {
    AdditiveScore(query: query, memory: memory, units: units)
  }
}

extension AttentionScore where Self == PlainAdditiveScore {
  /// Σᵤ scale[u] · tanh(s + h)[u].
  public static func plainAdditive(_ width: Int) -> PlainAdditiveScore { PlainAdditiveScore(width) }
}
