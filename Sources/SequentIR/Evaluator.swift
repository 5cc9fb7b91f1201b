/// Runs a graph operation by operation in double precision.
///
/// Slow and plain on purpose: what passes, kernels and gradients are held against.
public struct Evaluator {
  private let parameters: [String: HostTensor]
  private let bindings: Bindings

  /// Creates an evaluator.
  public init(parameters: [String: HostTensor], bindings: Bindings = [:]) {
    self.parameters = parameters
    self.bindings = bindings
  }

  /// The results of a function for its inputs, the sizes taken from the inputs' shapes.
  ///
  /// - Throws: `BindingError` for shapes that do not fit, `EvaluationError` for a missing parameter,
  ///   an index or a length out of range.
  public func evaluate(_ function: Function, _ inputs: [HostTensor]) throws -> [HostTensor] {
    guard inputs.count == function.inputs.count else {
      throw EvaluationError(
        "\(function.name) takes \(function.inputs.count) inputs, got \(inputs.count)")
    }
    var bindings = bindings
    for (input, tensor) in zip(function.inputs, inputs) {
      guard tensor.elementType == input.type.elementType else {
        throw EvaluationError(
          "\(function.name): '\(input.name)' is \(tensor.elementType.rawValue), expected "
            + "\(input.type)")
      }
      try bindings.bind(input.type.shape, to: tensor.shape, of: input.name)
    }
    return try Evaluator(parameters: parameters, bindings: bindings).evaluate(
      function.graph, inputs)
  }

  /// The results of a graph for its arguments.
  public func evaluate(_ graph: Graph, _ arguments: [HostTensor]) throws -> [HostTensor] {
    var values: [Value: HostTensor] = [:]
    for (argument, tensor) in zip(graph.arguments, arguments) { values[argument] = tensor }
    func value(_ value: Value) throws -> HostTensor {
      if let tensor = values[value] { return tensor }
      if let name = graph.parameterName(of: value), let tensor = parameters[name] { return tensor }
      throw EvaluationError("%\(graph.name(of: value)) has no value")
    }
    for node in graph.nodes {
      let results = try node.operation.rule.evaluate(node.operands.map(value), bindings)
      for (result, tensor) in zip(node.results, results) { values[result] = tensor }
    }
    return try graph.results.map(value)
  }
}
