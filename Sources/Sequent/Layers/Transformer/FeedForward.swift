import SequentIR

/// The network that a Transformer's layer applies at every position: f(x · W₁) · W₂, or gated,
/// (f(x · W₁) ∘ x · V) · W₂ (Shazeer, 2020).
public struct FeedForward: Layer {
  /// f.
  public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
    case relu, gelu, geluTanh, silu

    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .relu: Sequent.relu(x)
      case .gelu: Sequent.gelu(x)
      case .geluTanh: Sequent.gelu(x, .tanh)
      case .silu: x * sigmoid(x)
      }
    }
  }

  /// W₁, `[width, hidden]`.
  public let up: Linear
  /// V, `[width, hidden]`.
  public let gate: Linear?
  /// W₂, `[hidden, width]`.
  public let down: Linear
  private let activation: Activation

  /// Creates a network of a shape.
  public init(_ shape: TransformerShape) {
    up = shape.linear(shape.width, shape.feedForward)
    gate = shape.isGated ? shape.linear(shape.width, shape.feedForward) : nil
    down = shape.linear(shape.feedForward, shape.width)
    activation = shape.activation
  }

  /// `[…, width]` to `[…, width]`.
  public func forward(_ x: Tensor) -> Tensor {
    // Of a gated network, the gate is what the activation is applied to.
    guard let gate else { return down(activation(up(x))) }
    return down(activation(gate(x)) * up(x))
  }
}
