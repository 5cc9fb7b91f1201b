/// What a parameter is for; it decides how other libraries' checkpoints are read into it.
public enum ParameterRole: String, Hashable, Sendable, CaseIterable {
  /// A matrix `[input, output]` applied as `x · W`; PyTorch stores it as `[output, input]`.
  case linear
  /// A table `[vocabulary, width]` of rows.
  case embedding
  /// One gate's matrix of a recurrent layer, `[input, hidden]` or `[hidden, hidden]`.
  case gate
  /// A vector: a bias, a scale.
  case vector
  /// Anything else.
  case other
}

/// A weight of the module, shared by its functions.
public struct Parameter: Hashable, Sendable {
  /// The layer path and the weight's own name: `encoder.layer0.forward.input.input_weight`.
  public let name: String
  /// Its type; every dimension is a constant.
  public let type: TensorType
  /// What it is for.
  public let role: ParameterRole
  /// How its first values are drawn.
  public let initializer: InitializerKind

  /// Creates a parameter.
  public init(
    name: String, type: TensorType, role: ParameterRole = .other,
    initializer: InitializerKind = .zeros
  ) {
    self.name = name
    self.type = type
    self.role = role
    self.initializer = initializer
  }
}

/// One entry point: a graph with names for what goes in and comes out.
public struct Function: Hashable, Sendable {
  /// The function's name: `main`, `step`.
  public var name: String
  /// What it computes; an argument's name is the input's.
  public var graph: Graph
  /// The names of the graph's results, in order.
  public var resultNames: [String]
  /// State kept between calls: the argument's name, by the name of the result that replaces it.
  ///
  /// The two share a buffer: at the end of a call the result is the next call's argument.
  public var states: [String: String]

  /// Creates a function.
  public init(
    name: String, graph: Graph, resultNames: [String], states: [String: String] = [:]
  ) {
    self.name = name
    self.graph = graph
    self.resultNames = resultNames
    self.states = states
  }

  /// The names of the inputs, states included.
  public var inputNames: [String] { graph.arguments.map { graph.name(of: $0) } }

  /// Name and type of every input, states included.
  public var inputs: [(name: String, type: TensorType)] {
    graph.arguments.map { (graph.name(of: $0), graph.type(of: $0)) }
  }

  /// Name and type of every result, states included.
  public var outputs: [(name: String, type: TensorType)] {
    zip(resultNames, graph.results).map { ($0, graph.type(of: $1)) }
  }
}

extension Function {
  /// Whether two functions are the same to a caller and to the compiler.
  ///
  /// Inputs' names count here and not in the graph's equality: a caller gives inputs by name.
  public static func == (left: Function, right: Function) -> Bool {
    left.name == right.name && left.inputNames == right.inputNames
      && left.resultNames == right.resultNames && left.states == right.states
      && left.graph == right.graph
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(inputNames)
    hasher.combine(resultNames)
    hasher.combine(states)
    hasher.combine(graph)
  }
}

/// A model as data: parameters and the functions that share them.
public struct Module: Hashable, Sendable {
  /// The module's name.
  public var name: String
  /// The parameters, in the order in which the model declares them.
  public var parameters: [Parameter]
  /// The functions, `main` first where there is one.
  public var functions: [Function]

  /// Creates a module.
  public init(name: String, parameters: [Parameter] = [], functions: [Function] = []) {
    self.name = name
    self.parameters = parameters
    self.functions = functions
  }

  /// The function of a name.
  public func function(_ name: String) -> Function? { functions.first { $0.name == name } }

  /// The parameter of a name.
  public func parameter(_ name: String) -> Parameter? { parameters.first { $0.name == name } }
}
