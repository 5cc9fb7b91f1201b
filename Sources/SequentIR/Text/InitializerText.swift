extension InitializerKind {
  /// The word in the text form.
  var word: String {
    switch self {
    case .zeros: "zeros"
    case .ones: "ones"
    case .uniform: "uniform"
    case .normal: "normal"
    case .xavierUniform: "xavier_uniform"
    case .heNormal: "he_normal"
    case .orthogonal: "orthogonal"
    }
  }

  /// The number that goes with the word: its attribute's name, and the text.
  var argument: (name: String, value: String)? {
    switch self {
    case .uniform(let bound): ("bound", "\(bound)")
    case .normal(let deviation): ("deviation", "\(deviation)")
    case .zeros, .ones, .xavierUniform, .heNormal, .orthogonal: nil
    }
  }

  /// Reads what a parameter's attributes say; zeros when they do not.
  init(_ attributes: AttributeReader) throws(TypeError) {
    guard attributes.has("init") else {
      self = .zeros
      return
    }
    switch try attributes.word("init") {
    case "zeros": self = .zeros
    case "ones": self = .ones
    case "uniform": self = .uniform(bound: Float(try attributes.number("bound")))
    case "normal": self = .normal(deviation: Float(try attributes.number("deviation")))
    case "xavier_uniform": self = .xavierUniform
    case "he_normal": self = .heNormal
    case "orthogonal": self = .orthogonal
    case let word: throw TypeError("parameter: no initializer is called '\(word)'")
    }
  }
}
