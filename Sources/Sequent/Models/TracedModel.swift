import Foundation
import SequentIR

/// A model as data: its graph, and what it is for.
public struct TracedModel: Sendable {
  /// The parameters and the textbook graph.
  public var module: Module
  /// What the model is for.
  public var task: ModelTask?

  /// Creates a traced model from its parts.
  public init(module: Module, task: ModelTask? = nil) {
    self.module = module
    self.task = task
  }
}

extension Model {
  /// The model as data.
  ///
  /// - Throws: `ModelError` for the first mistake: layer, operands, line.
  public func traced() throws -> TracedModel {
    TracedModel(module: try module(objective: nil, isTraining: false), task: task)
  }

  /// The model with what an objective makes of it as a first result `loss`.
  ///
  /// - Parameter isTraining: whether dropout is on.
  func traced(for objective: Objective, isTraining: Bool = true) throws -> Module {
    try module(objective: objective, isTraining: isTraining)
  }

  private func module(objective: Objective?, isTraining: Bool) throws -> Module {
    let context = TraceContext(model: self, isTraining: isTraining)
    var functions = [
      try context.function("main") {
        main($0)
      } objective: {
        objective?.loss($0, $1)
      }
    ]
    // What decodes is not trained: it shares the weights of `main`.
    for function in objective == nil ? self.functions : [] {
      guard !functions.contains(where: { $0.name == function.name }) else {
        throw ModelError(message: "two functions are called '\(function.name)'", origin: .unknown)
      }
      functions.append(try context.function(function.name, function.body))
    }
    return Module(
      name: String(describing: Self.self), parameters: context.parameters, functions: functions)
  }

  /// The model with some of its configuration changed: `KEY=VALUE` by key.
  ///
  /// - Throws: `ConfigurationError` for a key that it does not have or a value of another type.
  public static func configured(_ settings: [String: String]) throws -> Self {
    guard !settings.isEmpty else { return Self() }
    let defaults = try JSONEncoder().encode(Configuration())
    guard var values = try JSONSerialization.jsonObject(with: defaults) as? [String: Any] else {
      throw ConfigurationError(message: "the configuration of \(Self.self) is not a struct")
    }
    for (key, text) in settings.sorted(by: { $0.key < $1.key }) {
      guard values[key] != nil else {
        let keys = values.keys.sorted().joined(separator: ", ")
        throw ConfigurationError(
          message: "\(Self.self) has no setting '\(key)'; it has "
            + (keys.isEmpty ? "none" : keys))
      }
      let parsed = try? JSONSerialization.jsonObject(
        with: Data(text.utf8), options: .fragmentsAllowed)
      values[key] = values[key] is String ? text : parsed ?? text
    }
    let data = try JSONSerialization.data(withJSONObject: values)
    do {
      return Self(try JSONDecoder().decode(Configuration.self, from: data))
    } catch DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context) {
      let key = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw ConfigurationError(
        message: "setting '\(key)' of \(Self.self) can't be '\(settings[key] ?? "")': "
          + context.debugDescription)
    }
  }
}

extension TraceContext {
  /// A function of a model, with a first result `loss` if an objective makes one.
  fileprivate func function(
    _ name: String, _ body: (Inputs) -> Outputs,
    objective: (Inputs, Outputs) -> Tensor? = { _, _ in nil }
  ) throws -> Function {
    let trace = Trace(context: self)
    let inputs = Inputs(trace: trace, states: Inputs.States())
    let outputs = body(inputs)
    var named = outputs.tensors
    if let loss = objective(inputs, outputs) { named.insert(("loss", loss), at: 0) }
    var results: [Value] = []
    var names: [String] = []
    for (name, tensor) in named {
      if let value = trace.resolve(tensor) { results.append(value) }
      if names.contains(name) { fail("two outputs are called '\(name)'", nil) }
      names.append(name)
    }
    var states: [String: String] = [:]
    for (argument, new) in inputs.states.updates {
      if let value = trace.resolve(new) { results.append(value) }
      names.append("\(argument).next")
      states["\(argument).next"] = argument
    }
    if let failure { throw failure }
    guard !names.isEmpty else {
      throw ModelError(
        message: name == "main"
          ? "the model has no outputs" : "function '\(name)' has no outputs", origin: .unknown)
    }
    trace.graph.results = results
    return Function(name: name, graph: trace.graph, resultNames: names, states: states)
  }
}

/// A setting that a model does not have or cannot take.
public struct ConfigurationError: Error, CustomStringConvertible {
  /// What is wrong.
  public let message: String

  /// The message.
  public var description: String { message }
}
