import SequentIR

/// How parameters follow their gradients.
public struct OptimizerOptions: Codable, Hashable, Sendable {
  /// The rule.
  public var rule: OptimizerRule
  /// Weight decay λ; vectors (biases, scales) are not decayed when it is decoupled.
  public var weightDecay: Double
  /// Whether the decay acts on the parameters themselves (AdamW).
  public var isDecoupled: Bool
  /// The largest norm of all gradients together; larger ones are scaled down (Pascanu et al., 2013).
  public var maximumNorm: Double?
  /// The largest magnitude of a gradient's element; larger ones are cut.
  public var maximumValue: Double?

  /// Creates options.
  public init(
    _ rule: OptimizerRule, weightDecay: Double = 0, isDecoupled: Bool = false,
    maximumNorm: Double? = nil, maximumValue: Double? = nil
  ) {
    self.rule = rule
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
    self.maximumNorm = maximumNorm
    self.maximumValue = maximumValue
  }
}

extension Module {
  /// A function that makes one training step: forward, loss, backward, clipping, update.
  ///
  /// Its inputs are those of the function, then `learning_rate` f32 and `step` f32 (from 1); its
  /// results those of the function, then `gradient_norm`. Parameters and optimizer state are states
  /// of the function (`PARAMETER`, `optimizer.N.PARAMETER`): a session keeps them and updates them
  /// in place.
  ///
  /// - Parameters:
  ///   - name: the function, already fused: fused operations have fused gradients.
  ///   - loss: the result that is made smaller.
  ///   - saving: of which steps of recurrences the forward pass keeps what the gradient needs.
  public func trainingStep(
    of name: String = "main", loss: String = "loss", saving: SavedSteps = .all,
    _ options: OptimizerOptions
  ) throws -> Function {
    guard let function = function(name) else {
      throw DifferentiationError(message: "the module has no function '\(name)'")
    }
    let used = parameters.filter { function.graph.uses(parameter: $0.name) }
    let derived = try function.differentiated(
      loss, withRespectTo: used.map(\.name), saving: saving, named: "train")
    var step = try TrainingGraph(derived, used, options)
    return try step.function()
  }
}

extension Graph {
  /// Whether a node takes the parameter.
  func uses(parameter: String) -> Bool {
    nodes.contains { $0.operands.contains { parameterName(of: $0) == parameter } }
  }
}

/// A training step under construction: parameters as arguments, updates at the end.
private struct TrainingGraph {
  private let derived: Function
  private let parameters: [Parameter]
  private let options: OptimizerOptions
  private var b: GradientBuilder
  private var states: [String: String]
  private let values: [String: Value]
  private var gradients: [Value]
  private let forwardResults: [Value]

  init(_ derived: Function, _ parameters: [Parameter], _ options: OptimizerOptions) throws {
    self.derived = derived
    self.parameters = parameters
    self.options = options
    states = derived.states
    var graph = Graph()
    var mapping: [Value: Value] = [:]
    for argument in derived.graph.arguments {
      mapping[argument] = graph.addArgument(
        derived.graph.type(of: argument), name: derived.graph.name(of: argument))
    }
    var values: [String: Value] = [:]
    for parameter in parameters {
      values[parameter.name] = graph.addArgument(parameter.type, name: parameter.name)
    }
    func translate(_ value: Value) -> Value {
      if let name = derived.graph.parameterName(of: value), let argument = values[name] {
        return argument
      }
      return mapping[value] ?? value
    }
    for node in derived.graph.nodes {
      let results = try graph.append(
        node.operation, node.operands.map(translate),
        names: node.results.map(derived.graph.name(of:)), origin: node.origin)
      for (old, new) in zip(node.results, results) { mapping[old] = new }
    }
    let results = derived.graph.results.map(translate)
    forwardResults = Array(results.dropLast(parameters.count))
    gradients = Array(results.suffix(parameters.count))
    self.values = values
    b = GradientBuilder(graph)
  }

  mutating func function() throws -> Function {
    let rate = b.graph.addArgument(TensorType(.float32, []), name: "learning_rate")
    let number = b.graph.addArgument(TensorType(.float32, []), name: "step")
    try clipValues()
    let norm = try gradientNorm()
    let factor = try factor(norm)
    var results = forwardResults + [norm]
    var names = Array(derived.resultNames.dropLast(parameters.count)) + ["gradient_norm"]
    for (parameter, gradient) in zip(parameters, gradients) {
      guard let value = values[parameter.name] else { continue }
      let isDecayed = !options.isDecoupled || parameter.type.rank > 1
      let update = OptimizerUpdate(
        options.rule, weightDecay: isDecayed ? options.weightDecay : 0,
        isDecoupled: options.isDecoupled)
      var state: [Value] = []
      var stateNames = [parameter.name]
      for index in 0..<options.rule.stateCount {
        stateNames.append("optimizer.\(index).\(parameter.name)")
        state.append(b.graph.addArgument(parameter.type, name: stateNames[index + 1]))
      }
      let new = try b.graph.append(
        .optimizerUpdate(update), [value, gradient, rate, factor, number] + state,
        names: stateNames.map { "\($0).next" })
      for (name, value) in zip(stateNames, new) {
        results.append(value)
        names.append("\(name).next")
        states["\(name).next"] = name
      }
    }
    b.graph.results = results
    return Function(name: "train", graph: b.graph, resultNames: names, states: states)
  }

  private mutating func clipValues() throws {
    guard let limit = options.maximumValue else { return }
    for index in gradients.indices {
      let upper = try b.emit(.binary(.minimum), gradients[index], b.constant(limit))
      gradients[index] = try b.emit(.binary(.maximum), upper, b.constant(-limit))
    }
  }

  /// √Σ g² over all gradients.
  private mutating func gradientNorm() throws -> Value {
    var sum = try b.constant(0)
    for gradient in gradients {
      let axes = Array(b.type(of: gradient).shape.indices)
      let squares = try b.emit(
        .reduce(Reduce(.sum, axes: axes)), b.multiply(gradient, gradient))
      sum = try b.emit(.binary(.add), sum, squares)
    }
    return try b.emit(.unary(.squareRoot), sum, name: "gradient_norm")
  }

  /// min(1, limit / (norm + 10⁻⁶)), as PyTorch clips.
  private mutating func factor(_ norm: Value) throws -> Value {
    guard let limit = options.maximumNorm else { return try b.constant(1) }
    let ratio = try b.emit(
      .binary(.divide), b.constant(limit), b.emit(.binary(.add), norm, b.constant(1e-6)))
    return try b.emit(.binary(.minimum), ratio, b.constant(1))
  }
}
