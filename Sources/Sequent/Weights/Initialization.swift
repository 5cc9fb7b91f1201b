import SequentIR

/// How a layer's weights are drawn: as a library does by default, or matrices by the name of a rule.
///
///     LSTM(64, 128, initialization: .keras)
///     Linear(128, 10, initialization: .matrices(.heNormal))
///
/// It is one word in a configuration, so that `--set initialization=orthogonal` changes it.
public enum Initialization: Hashable, Sendable {
  /// PyTorch's defaults: linear layers uniform in ±1/√inputs with their biases, recurrent ones in
  /// ±1/√hidden, embeddings normal with deviation 1.
  case pytorch
  /// Keras's defaults: matrices by Glorot's uniform rule, hidden ones orthogonal, an LSTM's forget
  /// gate with a bias of one and other biases zero, embeddings uniform in ±0.05.
  case keras
  /// All matrices by one rule, biases zero.
  case matrices(InitializerKind)

  /// The rules of a linear layer's weight and bias.
  func linear(inputs: Int) -> (weight: InitializerKind, bias: InitializerKind) {
    switch self {
    case .pytorch:
      let uniform = InitializerKind.uniform(bound: 1 / Float(max(inputs, 1)).squareRoot())
      return (uniform, uniform)
    case .keras: return (.xavierUniform, .zeros)
    case .matrices(let kind): return (kind, .zeros)
    }
  }

  /// The rule of an embedding's table.
  var embedding: InitializerKind {
    switch self {
    case .pytorch: .normal(deviation: 1)
    case .keras: .uniform(bound: 0.05)
    case .matrices(let kind): kind
    }
  }

  /// The rules of one gate's weights.
  ///
  /// - Parameters:
  ///   - gate: which of the cell's `count` gates it is.
  ///   - isForget: whether it is an LSTM's forget gate.
  func gate(
    _ gate: Int, of count: Int, inputs: Int, hidden: Int, isForget: Bool
  ) -> (input: InitializerKind, hidden: InitializerKind, bias: InitializerKind) {
    switch self {
    case .pytorch:
      let uniform = InitializerKind.uniform(bound: 1 / Float(max(hidden, 1)).squareRoot())
      return (uniform, uniform, uniform)
    case .keras:
      // There all gates are one matrix [inputs, count · hidden], whose sizes the rules are about.
      let bound = (6 / Float(max(inputs + count * hidden, 1))).squareRoot()
      return (
        .uniform(bound: bound), .orthogonalBlock(index: gate, count: count),
        isForget ? .ones : .zeros
      )
    case .matrices(let kind): return (kind, kind, .zeros)
    }
  }
}

extension Initialization: Codable {
  /// Reads a name: `pytorch`, `keras`, or a rule's, `he_normal`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    switch try container.decode(String.self) {
    case "pytorch": self = .pytorch
    case "keras": self = .keras
    case let name:
      guard let kind = InitializerKind(named: name) else {
        let names = (["pytorch", "keras"] + InitializerKind.names).joined(separator: ", ")
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "no initialization is called so; there are \(names)")
      }
      self = .matrices(kind)
    }
  }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .pytorch: try container.encode("pytorch")
    case .keras: try container.encode("keras")
    case .matrices(let kind): try container.encode(kind.word)
    }
  }
}
