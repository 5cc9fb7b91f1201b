import Testing

@testable import SequentIR

/// What no text can say, and only a wrong pass can make.
@Suite struct VerifierTests {
  private let vector = TensorType(.float32, ["batch", 4])

  private func refusal(
    _ graph: Graph, parameters: [Parameter] = [], names: [String] = ["y"],
    states: [String: String] = [:]
  ) throws -> String {
    let function = Function(name: "main", graph: graph, resultNames: names, states: states)
    let module = Module(name: "m", parameters: parameters, functions: [function])
    return try #require(throws: VerificationError.self) { try verify(module) }.description
  }

  @Test func parameterIsDeclaredWithItsType() throws {
    var graph = Graph()
    let w = graph.parameter("w", TensorType(.float32, [4]))
    graph.results = [try graph.append(.unary(.tanh), w, origin: .layer("head"))]
    #expect(
      try refusal(graph) == "head: function @main: parameter '@w' is not declared, in "
        + "'%tanh = tanh @w : f32[4]'")
    let other = Parameter(name: "w", type: TensorType(.float32, [5]))
    #expect(
      try refusal(graph, parameters: [other]).contains(
        "parameter '@w' is f32[5], but used as f32[4]"))
    let twice = Array(repeating: Parameter(name: "w", type: TensorType(.float32, [4])), count: 2)
    #expect(try refusal(graph, parameters: twice) == "parameter '@w' is there twice")
  }

  @Test func bodyIsClosed() throws {
    var body = Graph()
    let h = body.addArgument(vector, name: "h")
    _ = body.addArgument(vector, name: "x_t")
    let w = body.parameter("w", TensorType(.float32, [4]))
    body.results = [try body.append(.binary(.add), h, w, origin: .layer("encoder"))]
    var graph = Graph()
    let initial = graph.addArgument(vector, name: "h0")
    let x = graph.addArgument(TensorType(.float32, ["batch", "time", 4]), name: "x")
    let scan = Scan(time: "time", carryCount: 1, scannedCount: 1, body: body)
    graph.results = try graph.append(.scan(scan), [initial, x])
    #expect(
      try refusal(
        graph, parameters: [Parameter(name: "w", type: TensorType(.float32, [4]))]
      ).hasPrefix("encoder: function @main: a body refers to parameter '@w'"))
  }

  @Test func valuesAreOfTheGraphAndDefinedBefore() throws {
    var graph = Graph()
    let x = graph.addArgument(vector, name: "x")
    let y = try graph.append(.unary(.tanh), x, name: "y")
    let z = try graph.append(.unary(.tanh), y, name: "z")
    graph.results = [Value(17)]
    #expect(try refusal(graph) == "function @main: a result: a value is not one of the graph")
    graph.results = [z]
    graph.nodes.swapAt(0, 1)
    #expect(try refusal(graph).contains("%y is used before it is defined"))
    #expect(throws: TypeError.self) { try graph.append(.unary(.tanh), Value(17)) }
  }

  @Test func recordedTypesAreTheRules() throws {
    var graph = Graph()
    let x = graph.addArgument(vector, name: "x")
    graph.results = [try graph.append(.unary(.tanh), x)]
    let node = graph.nodes[0]
    let sum = Operation.reduce(Reduce(.sum, axes: [1]))
    graph.nodes[0] = Node(
      operation: sum, operands: [x], results: node.results,
      origin: Origin(layer: "a.b", location: SourceLocation(file: "App/Model.swift", line: 3)))
    #expect(
      try refusal(graph) == "Model.swift:3 a.b: function @main: reduce.sum gives f32[batch], in "
        + "'%tanh = reduce.sum %x {axes = [1]} : f32[batch, 4]'")
  }

  @Test func namesOfResultsAndStatesFit() throws {
    var graph = Graph()
    let x = graph.addArgument(vector, name: "x")
    graph.results = [x, x]
    #expect(try refusal(graph) == "function @main: 1 names for 2 results")
    #expect(
      try refusal(graph, names: ["y", "z"], states: ["y": "h"])
        == "function @main: state 'h' is not an input")
    #expect(
      try refusal(graph, names: ["y", "z"], states: ["y": "x", "z": "x"])
        == "function @main: more than one result replaces state 'x'")
    let function = Function(name: "main", graph: Graph(), resultNames: [])
    let error = #expect(throws: VerificationError.self) {
      try verify(Module(name: "m", functions: [function, function]))
    }
    #expect(error?.description == "function '@main' is there twice")
  }
}

extension Origin {
  fileprivate static func layer(_ path: String) -> Origin { Origin(layer: path) }
}
