import SequentIR

/// Builds recurrent layers as textbooks write them: a matmul for every gate and operand, every
/// gate's weights a parameter of its own, nothing fused.
public struct Textbook {
  /// What a stack of recurrent layers is like.
  public struct Stack: Sendable {
    /// The cell.
    public var cell: RecurrentCellKind
    /// How many layers.
    public var layers = 1
    /// Whether every layer runs in both directions.
    public var isBidirectional = false
    /// Whether there are lengths.
    public var isRagged = false
    /// Whether gates have biases.
    public var hasBias = true
    /// The widths.
    public var (input, hidden) = (3, 4)

    /// Creates a stack of one layer.
    public init(_ cell: RecurrentCellKind) { self.cell = cell }
  }

  /// The graph as it grows.
  public private(set) var graph: Graph
  /// The parameters so far.
  public private(set) var parameters: [Parameter]

  /// Continues a graph.
  public init(graph: Graph = Graph(), parameters: [Parameter] = []) {
    (self.graph, self.parameters) = (graph, parameters)
  }

  /// A module of one function `main`: x (and lengths) to the outputs and every final state.
  public static func module(_ stack: Stack) throws -> Module {
    var book = Textbook()
    let x = book.graph.addArgument(
      TensorType(.float32, ["batch", "time", Dimension(constant: stack.input)]), name: "x")
    let lengths =
      stack.isRagged
      ? book.graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths") : nil
    let results = try book.stack(stack, x, lengths: lengths)
    return book.module(results: results)
  }

  /// The module of what was built.
  public func module(results: [Value]) -> Module {
    var graph = graph
    graph.results = results
    return Module(
      name: "textbook", parameters: parameters,
      functions: [
        Function(
          name: "main", graph: graph, resultNames: results.indices.map { "result\($0)" })
      ])
  }

  /// Adds a parameter.
  public mutating func parameter(_ name: String, _ shape: [Int]) -> Value {
    let type = TensorType(.float32, shape.map { Dimension(constant: $0) })
    if !parameters.contains(where: { $0.name == name }) {
      parameters.append(Parameter(name: name, type: type))
    }
    return graph.parameter(name, type)
  }

  /// Adds a stack of layers: the outputs, then every final state.
  public mutating func stack(
    _ stack: Stack, _ x: Value, lengths: Value? = nil
  ) throws -> [Value] {
    var (x, width, finals) = (x, stack.input, [Value]())
    for layer in 0..<stack.layers {
      var outputs: [Value] = []
      for reversed in stack.isBidirectional ? [false, true] : [false] {
        let results = try scan(
          stack, x, width: width, lengths: lengths, isReversed: reversed,
          path: "layer\(layer).\(reversed ? "backward" : "forward")")
        finals += results.dropLast()
        outputs += results.suffix(1)
      }
      x =
        try outputs.count == 1
        ? outputs[0] : graph.append(.concatenate(Concatenate(axis: 2)), outputs)[0]
      width = outputs.count * stack.hidden
    }
    return [x] + finals
  }

  /// Adds one direction of one layer: its final states, then its output.
  private mutating func scan(
    _ stack: Stack, _ x: Value, width: Int, lengths: Value?, isReversed: Bool, path: String
  ) throws -> [Value] {
    let hidden = Dimension(constant: stack.hidden)
    let shape = graph.type(of: x).shape
    let origin = Origin(layer: path, location: SourceLocation(file: "T/Book.swift", line: 7))
    var body = BodyBuilder(origin: origin)
    var operands: [Value] = []
    var states: [Value] = []
    for name in ["h", "c"].prefix(stack.cell.stateCount) {
      operands.append(
        try graph.append(.constant(Constant(0, shape: [shape[0], hidden])), name: "\(name)0"))
      states.append(body.graph.addArgument(TensorType(.float32, [shape[0], hidden]), name: name))
    }
    operands.append(x)
    let step = body.graph.addArgument(TensorType(.float32, [shape[0], shape[2]]), name: "x")
    func weight(_ name: String, _ shape: [Int]) -> Value {
      let outer = parameter("\(path).\(name)", shape)
      operands.append(outer)
      return body.graph.addArgument(graph.type(of: outer), name: name)
    }
    var gates: [BodyBuilder.Gate] = []
    for name in stack.cell.gates {
      gates.append(
        BodyBuilder.Gate(
          input: weight("\(name).input_weight", [width, stack.hidden]),
          hidden: weight("\(name).hidden_weight", [stack.hidden, stack.hidden]),
          bias: stack.hasBias ? weight("\(name).bias", [stack.hidden]) : nil,
          hiddenBias: stack.hasBias && stack.cell == .gruResetAfter && name == "new"
            ? weight("\(name).hidden_bias", [stack.hidden]) : nil))
    }
    let new = try body.step(stack.cell, gates, step, states)
    body.graph.results = new + [new[0]]
    if let lengths { operands.append(lengths) }
    let operation = Scan(
      time: shape[1], carryCount: states.count, scannedCount: 1, isReversed: isReversed,
      hasLengths: lengths != nil, body: body.graph)
    return try graph.append(.scan(operation), operands, origin: origin)
  }

  /// Adds a node with a single result.
  public mutating func add(
    _ operation: SequentIR.Operation, _ operands: Value..., name: String? = nil
  ) throws -> Value {
    try graph.append(operation, operands, names: name.map { [$0] } ?? [])[0]
  }

  /// Adds an input.
  public mutating func input(_ name: String, _ type: TensorType) -> Value {
    graph.addArgument(type, name: name)
  }
}

/// One step of a cell.
private struct BodyBuilder {
  struct Gate {
    let input: Value
    let hidden: Value
    let bias: Value?
    let hiddenBias: Value?
  }

  var graph = Graph()
  let origin: Origin

  private mutating func add(
    _ operation: SequentIR.Operation, _ operands: Value...
  ) throws -> Value { try graph.append(operation, operands, origin: origin)[0] }

  /// x·W + h·U + b.
  private mutating func sum(_ gate: Gate, _ x: Value, _ h: Value) throws -> Value {
    let products = try add(
      .binary(.add), add(.matmul(MatMul()), x, gate.input),
      add(.matmul(MatMul()), h, gate.hidden))
    guard let bias = gate.bias else { return products }
    return try add(.binary(.add), products, bias)
  }

  mutating func step(
    _ cell: RecurrentCellKind, _ gates: [Gate], _ x: Value, _ state: [Value]
  ) throws -> [Value] {
    let h = state[0]
    switch cell {
    case .rnnTanh, .rnnRelu:
      return [try add(.unary(cell == .rnnTanh ? .tanh : .relu), sum(gates[0], x, h))]
    case .lstm:
      var parts: [Value] = []
      for (position, gate) in gates.enumerated() {
        parts.append(try add(.unary(position == 2 ? .tanh : .sigmoid), sum(gate, x, h)))
      }
      let new = try add(
        .binary(.add), add(.binary(.multiply), parts[1], state[1]),
        add(.binary(.multiply), parts[0], parts[2]))
      return [try add(.binary(.multiply), parts[3], add(.unary(.tanh), new)), new]
    case .gruResetAfter, .gruResetBefore:
      let reset = try add(.unary(.sigmoid), sum(gates[0], x, h))
      let update = try add(.unary(.sigmoid), sum(gates[1], x, h))
      let new = try add(.unary(.tanh), candidate(cell, gates[2], x, h, reset))
      let one = try add(.constant(Constant(1)))
      return [
        try add(
          .binary(.add),
          add(.binary(.multiply), add(.binary(.subtract), one, update), new),
          add(.binary(.multiply), update, h))
      ]
    }
  }

  private mutating func candidate(
    _ cell: RecurrentCellKind, _ gate: Gate, _ x: Value, _ h: Value, _ reset: Value
  ) throws -> Value {
    var input = try add(.matmul(MatMul()), x, gate.input)
    if cell == .gruResetAfter {
      if let bias = gate.bias { input = try add(.binary(.add), input, bias) }
      var recurrent = try add(.matmul(MatMul()), h, gate.hidden)
      if let bias = gate.hiddenBias { recurrent = try add(.binary(.add), recurrent, bias) }
      return try add(.binary(.add), input, add(.binary(.multiply), reset, recurrent))
    }
    let recurrent = try add(
      .matmul(MatMul()), add(.binary(.multiply), reset, h), gate.hidden)
    let products = try add(.binary(.add), input, recurrent)
    return try gate.bias.map { try add(.binary(.add), products, $0) } ?? products
  }
}
