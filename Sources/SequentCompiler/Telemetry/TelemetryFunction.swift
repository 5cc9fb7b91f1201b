import SequentIR

/// A model's function turned into one that measures how its recurrent layers train.
///
/// Every scan of the function is instrumented, the whole compiled and differentiated with respect to
/// the perturbations and the parameters; then zeros take the perturbations' place and canonicalize
/// folds them away. Results: the loss, what `layers` names, and `norm.PARAMETER` for every parameter.
public struct TelemetryFunction: Sendable {
  /// One recurrent layer in one direction.
  public struct Layer: Sendable {
    /// The layer's path, `encoder.layer0.forward`.
    public let name: String
    /// Its states, and the results that are ∂loss/∂state `[batch, time, …]`.
    public let states: [(name: String, result: String)]
    /// Its gates, and the results that are their saturated shares `[batch, time]`.
    public let gates: [(name: String, left: String, right: String)]
    /// The result that is the rows' lengths, i32 `[batch]`, if the layer has them.
    public let lengths: String?
  }

  /// The compiled module, of this function alone.
  public let module: Module
  /// The function: the inputs of the model's, and the measurements as results.
  public let function: Function
  /// What is measured of recurrent layers, in the order of the graph.
  public let layers: [Layer]
  /// The parameters that the loss depends on, and the results that are the norms of their gradients.
  public let parameters: [(name: String, result: String)]
  /// The result that is the loss.
  public let loss: String

  /// Builds the function.
  ///
  /// - Parameters:
  ///   - module: the textbook graph: passes have not run.
  ///   - name: the function.
  ///   - loss: its result that is differentiated.
  /// - Throws: `DifferentiationError` for a function or a result that there is not.
  public init(
    _ module: Module, of name: String = "main", loss: String = "loss",
    options: CompilerOptions = CompilerOptions()
  ) throws {
    guard let source = module.function(name) else {
      throw DifferentiationError(message: "the module has no function '\(name)'")
    }
    let instrumented = try InstrumentedFunction(source, loss: loss)
    let forward = Module(
      name: module.name, parameters: module.parameters, functions: [instrumented.function])
    let compiled = try compile(forward, options: options.differentiable).module.functions[0]
    let used = module.parameters.filter { compiled.graph.uses(parameter: $0.name) }
    let derived = try compiled.differentiated(
      loss, withRespectTo: instrumented.perturbations + used.map(\.name), named: "telemetry")
    let whole = Module(
      name: module.name, parameters: used,
      functions: [try derived.measuring(instrumented.perturbations, used.map(\.name))])
    self.module = try compile(whole, options: CompilerOptions(pipeline: [canonicalize])).module
    function = self.module.functions[0]
    layers = instrumented.layers
    parameters = used.map { ($0.name, "norm.\($0.name)") }
    self.loss = loss
  }
}

extension Function {
  /// The differentiated function with zeros for some inputs, and with norms for the gradients of
  /// some parameters.
  fileprivate func measuring(
    _ perturbations: [String], _ parameters: [String]
  ) throws -> Function {
    var b = GradientBuilder(Graph())
    var mapping: [Value: Value] = [:]
    for argument in graph.arguments {
      let (type, name) = (graph.type(of: argument), graph.name(of: argument))
      mapping[argument] =
        perturbations.contains(name) ? try b.zeros(type) : b.graph.addArgument(type, name: name)
    }
    func translate(_ value: Value) -> Value {
      mapping[value] ?? b.graph.parameter(graph.name(of: value), graph.type(of: value))
    }
    for node in graph.nodes {
      let new = try b.graph.append(
        node.operation, node.operands.map(translate),
        names: node.results.map(graph.name(of:)), origin: node.origin)
      for (old, new) in zip(node.results, new) { mapping[old] = new }
    }
    let gradients = graph.results.suffix(parameters.count)
    var results = graph.results.dropLast(parameters.count).map(translate)
    for gradient in gradients.map(translate) { results.append(try b.norm(of: gradient)) }
    b.graph.results = results
    return Function(
      name: name, graph: b.graph,
      resultNames: resultNames.dropLast(parameters.count) + parameters.map { "norm.\($0)" },
      states: states)
  }
}

extension GradientBuilder {
  /// √Σ g² over all elements.
  fileprivate mutating func norm(of gradient: Value) throws(TypeError) -> Value {
    let sum = Operation.reduce(Reduce(.sum, axes: Array(type(of: gradient).shape.indices)))
    return try emit(.unary(.squareRoot), emit(sum, multiply(gradient, gradient)))
  }
}
