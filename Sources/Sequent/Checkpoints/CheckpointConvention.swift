/// Whose names and layouts a checkpoint's tensors have.
public enum CheckpointConvention: String, Hashable, Sendable, CaseIterable {
  case sequent, pytorch, keras, onnx

  /// How the library is written.
  var title: String {
    switch self {
    case .sequent: "Sequent"
    case .pytorch: "PyTorch"
    case .keras: "Keras"
    case .onnx: "ONNX"
    }
  }
}

extension CheckpointConvention {
  /// How the library stores weights; nil for Sequent's own way, a tensor per parameter.
  var layout: LayoutConvention? {
    switch self {
    case .sequent: nil
    case .pytorch: .pytorch
    case .keras: .keras
    case .onnx: .onnx
    }
  }

  /// Tensors' own names (behind the layer's path) that only this convention has; a number of the
  /// layer, `_l0`, may follow.
  private var marks: [String] {
    switch self {
    case .sequent: ["input_weight", "hidden_weight"]
    case .pytorch: ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    case .keras: ["kernel", "recurrent_kernel", "embeddings", "gamma", "beta"]
    case .onnx: ["W", "R"]
    }
  }

  /// The convention that a checkpoint's names and metadata show.
  ///
  /// Names that could be anyone's (`head.weight`) are taken for PyTorch's: Sequent's own files say
  /// in their metadata that they are.
  static func detected(in tensors: some TensorSource) throws -> CheckpointConvention {
    if tensors.metadata["sequent.format"] != nil { return .sequent }
    let names = Set(tensors.tensorNames.map { SourceNames.dotted($0).split(separator: ".").last })
    let shown = allCases.filter { convention in
      names.contains { name in
        convention.marks.contains { mark in
          name.map { $0 == mark || $0.hasPrefix("\(mark)_l") } ?? false
        }
      }
    }
    guard shown.count <= 1 else {
      let titles = shown.map(\.title).joined(separator: " and of ")
      throw FormatError(file: tensors.name, reason: "has names of \(titles): say which it is")
    }
    return shown.first ?? .pytorch
  }
}
