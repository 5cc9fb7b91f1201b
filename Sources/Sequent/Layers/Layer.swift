import SequentIR

/// Something that makes one tensor of another, with or without weights.
///
/// A layer is a struct whose weights and inner layers are stored properties; their names give the
/// parameters theirs. Calling it records its path and the caller's line for every operation inside.
///
///     struct Gated: Layer {
///       let value = Linear(64, 64), gate = Linear(64, 64)
///       func forward(_ x: Tensor) -> Tensor { value(x) * sigmoid(gate(x)) }
///     }
public protocol Layer: Sendable {
  /// What the layer computes.
  func forward(_ x: Tensor) -> Tensor
}

extension Layer {
  /// Applies the layer.
  public func callAsFunction(
    _ x: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    x.trace.context.scope(x.trace.context.path(of: self), SourceLocation(file: file, line: line)) {
      forward(x)
    }
  }
}

/// y = x · W + b: `[…, input]` to `[…, output]`.
public struct Linear: Layer {
  /// The matrix, `[input, output]`.
  public let weight: Weight
  /// The vector added, `[output]`.
  public let bias: Weight?

  /// Creates a layer from its sizes.
  public init(
    _ input: Int, _ output: Int, bias: Bool = true, initialization: Initialization = .keras
  ) {
    let draw = initialization.linear(inputs: input)
    weight = Weight([input, output], role: .linear, initializer: draw.weight)
    self.bias = bias ? .vector(output, initializer: draw.bias) : nil
  }

  /// x · W + b.
  public func forward(_ x: Tensor) -> Tensor {
    let product = matmul(x, weight)
    guard let bias else { return product }
    return product + bias
  }
}

/// Rows of a table by number: tokens i32 `[…]` to `[…, width]`.
public struct Embedding: Layer {
  /// The table, `[vocabulary, width]`.
  public let weight: Weight

  /// Creates a table from its sizes.
  public init(_ vocabulary: Int, _ width: Int, initialization: Initialization = .pytorch) {
    weight = Weight(
      [vocabulary, width], role: .embedding, initializer: initialization.embedding)
  }

  /// The tokens' rows.
  public func forward(_ tokens: Tensor) -> Tensor { gather(tokens.trace.tensor(weight), tokens) }
}

/// Zeroes elements at random in training, and scales the others up; nothing otherwise.
public struct Dropout: Layer {
  /// The share of elements that are zeroed.
  public let rate: Double
  /// Whether a feature that is zeroed is so at every step of `[batch, time, width]` (Gal and
  /// Ghahramani, 2016).
  public let isVariational: Bool

  /// Creates a dropout.
  public init(_ rate: Double, variational: Bool = false) {
    self.rate = rate
    isVariational = variational
  }

  /// x with a fresh choice of zeros every training step.
  public func forward(_ x: Tensor) -> Tensor {
    var shape = x.shape
    if isVariational, shape.count == 3 { shape[1] = 1 }
    guard rate > 0, x.value != nil, let uniform = x.trace.uniform(shape) else { return x }
    let isKept = uniform.emit(.compare(.greaterOrEqual), [uniform.scalar(rate)])
    return select(isKept, x * (1 / (1 - rate)), x.scalar(0))
  }
}

/// (x - mean) / √(variance + ε) · w + b over the last axis (Ba et al., 2016).
public struct LayerNorm: Layer {
  /// The scale, `[width]`.
  public let weight: Weight
  /// The shift, `[width]`.
  public let bias: Weight
  /// What keeps the root away from zero.
  public let epsilon: Double

  /// Creates a normalisation.
  public init(_ width: Int, epsilon: Double = 1e-5) {
    weight = .vector(width, initializer: .ones)
    bias = .vector(width)
    self.epsilon = epsilon
  }

  /// The normalised tensor.
  public func forward(_ x: Tensor) -> Tensor {
    let centred = x - x.mean(over: -1, keepingAxis: true)
    let variance = (centred * centred).mean(over: -1, keepingAxis: true)
    return centred / sqrt(variance + epsilon) * weight + bias
  }
}

/// A function as a layer, for `Sequential`: `Activate { relu($0) }`.
public struct Activate: Layer {
  private let function: @Sendable (Tensor) -> Tensor

  /// Creates a layer from a function.
  public init(_ function: @escaping @Sendable (Tensor) -> Tensor) { self.function = function }

  /// The function of x.
  public func forward(_ x: Tensor) -> Tensor { function(x) }
}

/// A skip connection: y = x + inner(x).
public struct Residual: Layer {
  /// What is added to x.
  public let inner: Sequential

  /// Creates a skip connection around layers.
  public init(@LayerBuilder _ inner: () -> Sequential) { self.inner = inner() }

  /// x + inner(x).
  public func forward(_ x: Tensor) -> Tensor { x + inner(x) }
}
