import SequentIR

/// A small module drawn from a seed, over all primitive operations, for tests of a property.
///
/// Its function `main` takes x `[batch, time, width]`, tokens `[batch, time]`, lengths `[batch]` and a
/// state `[batch, width]`. Values stay small and away from the jumps of `floor`, comparisons and
/// casts, so that float32 kernels and the evaluator can be compared.
public struct RandomGraph: Sendable {
  /// How many rows the tables have that tokens are numbers of.
  public static let tableRows = 5

  /// The module.
  public let module: Module
  private let seed: UInt64

  /// Draws a module.
  public init(seed: UInt64) throws {
    self.seed = seed
    module = try RandomFunction.module(seed: seed)
  }

  /// Values for the parameters, in ±1.
  public func parameters() throws -> [String: HostTensor] {
    var random = SplitMix(seed: seed &+ 1)
    var values: [String: HostTensor] = [:]
    for parameter in module.parameters {
      let shape = try parameter.type.sizes([:])
      values[parameter.name] = HostTensor(.float32, shape) { _ in random.unit() }
    }
    return values
  }

  /// Inputs for `main`; lengths are 0 to `time`, the longest row's is `time`.
  public func inputs(batch: Int, time: Int) throws -> [HostTensor] {
    var random = SplitMix(seed: seed &+ 2)
    let bindings: Bindings = ["batch": batch, "time": time]
    return try (module.functions.first?.inputs ?? []).map { input in
      let shape = try input.type.sizes(bindings)
      return HostTensor(input.type.elementType, shape) { index in
        switch input.name {
        case "tokens": Double(random.integer(0...Self.tableRows - 1))
        case "lengths": Double(index[0] == 0 ? time : random.integer(0...time))
        default: random.unit()
        }
      }
    }
  }
}

/// Draws a function; what it draws from is in the extensions.
struct RandomFunction {
  /// Widths of constant axes.
  static let widths = [1, 2, 3, 4, 6]
  /// Above this the numbers are squashed.
  static let largestBound = 16.0

  var random: SplitMix
  var graph = Graph()
  var parameters: [Parameter] = []
  /// The values that later operations choose from.
  var pool: [Value] = []
  /// A number that no element's magnitude exceeds.
  var bounds: [Value: Double] = [:]
  /// How many bodies are around.
  let depth: Int

  init(random: SplitMix, depth: Int) {
    self.random = random
    self.depth = depth
  }

  static func module(seed: UInt64) throws -> Module {
    var main = RandomFunction(random: SplitMix(seed: seed), depth: 0)
    let width = main.width()
    _ = main.argument(TensorType(.float32, ["batch", "time", width]), "x", bound: 1)
    _ = main.argument(TensorType(.int32, ["batch", "time"]), "tokens", bound: 4)
    _ = main.argument(TensorType(.int32, ["batch"]), "lengths", bound: 8)
    let state = TensorType(.float32, ["batch", width])
    _ = main.argument(state, "state", bound: 1)
    for _ in 0..<main.random.integer(4...14) { try main.step() }
    let next = try main.value(of: state)
    let outputs = (0..<main.random.integer(1...3)).map { _ in
      main.random.pick(main.pool.suffix(6)) ?? next
    }
    main.graph.results = outputs + [next]
    return Module(
      name: "random_\(seed)", parameters: main.parameters,
      functions: [
        Function(
          name: "main", graph: main.graph,
          resultNames: outputs.indices.map { "y\($0)" } + ["state.next"],
          states: ["state.next": "state"])
      ])
  }

  // MARK: - Values

  mutating func width() -> Dimension {
    Dimension(constant: random.pick(Self.widths) ?? 1)
  }

  mutating func argument(_ type: TensorType, _ name: String, bound: Double) -> Value {
    let value = graph.addArgument(type, name: name)
    pool.append(value)
    bounds[value] = bound
    return value
  }

  func type(_ value: Value) -> TensorType { graph.type(of: value) }

  func bound(_ value: Value) -> Double { bounds[value] ?? Self.largestBound }

  /// Appends an operation without offering its result to later ones.
  mutating func hidden(
    _ operation: Operation, _ operands: Value..., bound: Double
  ) throws -> Value {
    let line = SourceLocation(file: "Random.swift", line: graph.nodes.count + 1)
    let value = try graph.append(
      operation, operands,
      origin: Origin(layer: depth > 0 ? "layer.\(depth)" : "", location: line))[0]
    bounds[value] = bound
    return value
  }

  /// Appends an operation; what may get large is squashed.
  mutating func add(_ operation: Operation, _ operands: Value..., bound: Double) throws {
    let line = SourceLocation(file: "Random.swift", line: graph.nodes.count + 1)
    var value = try graph.append(operation, operands, origin: Origin(location: line))[0]
    bounds[value] = bound
    if bound > Self.largestBound { value = try squashed(value) }
    pool.append(value)
  }

  /// A value within ±1 (f32) or ±8 (i32).
  mutating func squashed(_ value: Value) throws -> Value {
    guard type(value).elementType == .int32 else {
      return try hidden(.unary(.tanh), value, bound: 1)
    }
    let low = try hidden(.constant(Constant(-8, .int32)), bound: 8)
    let high = try hidden(.constant(Constant(8, .int32)), bound: 8)
    let raised = try hidden(.binary(.maximum), value, low, bound: .infinity)
    return try hidden(.binary(.minimum), raised, high, bound: 8)
  }

  /// A value of the pool that is as wanted.
  mutating func pick(_ isWanted: (TensorType) -> Bool) -> Value? {
    random.pick(pool.filter { isWanted(type($0)) })
  }

  /// A weight: a parameter of the module, or in a body, which has none, a constant.
  mutating func weight(_ shape: [Int]) throws -> Value {
    let type = TensorType(.float32, shape.map { Dimension(constant: $0) })
    if depth == 0 {
      let name = "layer\(parameters.count).weight"
      parameters.append(Parameter(name: name, type: type, initializer: .uniform(bound: 1)))
      let value = graph.parameter(name, type)
      bounds[value] = 1
      return value
    }
    let values = (0..<shape.reduce(1, *)).map { _ in random.unit() }
    return try hidden(.constant(Constant(values, shape: shape)), bound: 1)
  }

  /// A value of a type `f32[batch, width]`, from the pool if it has a computed one.
  mutating func value(of wanted: TensorType) throws -> Value {
    let computed = pool.filter { type($0) == wanted && graph.producer(of: $0) != nil }
    if let value = random.pick(computed) { return value }
    guard let value = pick({ $0 == wanted }) else {
      return try hidden(.constant(Constant(0.5, shape: wanted.shape)), bound: 1)
    }
    return try hidden(.unary(.tanh), value, bound: 1)
  }
}
