import SequentCompiler
import SequentIR
import Testing

@testable import Sequent

@Suite struct FusedGradientTests {
  /// A loss over a fused layer's outputs and final states.
  private func function(_ layer: FusedRecurrentSequence, hidden: Int) throws -> Function {
    let gates = Dimension(constant: hidden * layer.cell.gates.count)
    let size = Dimension(constant: hidden)
    var graph = Graph()
    var operands = [graph.addArgument(TensorType(.float32, ["batch", "time", 2]), name: "x")]
    for direction in layer.isReversed.indices {
      func argument(_ name: String, _ shape: [Dimension]) {
        operands.append(
          graph.addArgument(TensorType(.float32, shape), name: "\(name)\(direction)"))
      }
      argument("w", [2, gates])
      argument("u", [size, gates])
      if layer.hasBias { argument("b", [gates]) }
      if layer.hasHiddenBias { argument("d", [size]) }
      for state in 0..<layer.cell.stateCount { argument("s\(state)_", ["batch", size]) }
    }
    if layer.hasLengths {
      operands.append(graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths"))
    }
    let results = try graph.append(.recurrentSequence(layer), operands)
    let width = Dimension(constant: hidden * layer.isReversed.count)
    let weights = graph.addArgument(
      TensorType(.float32, ["batch", "time", width]), name: "weights")
    let product = try graph.append(.binary(.multiply), results[0], weights)
    var loss = try graph.append(.reduce(Reduce(.sum, axes: [0, 1, 2])), product)
    for state in results.dropFirst().prefix(layer.isReversed.count * layer.cell.stateCount) {
      let squares = try graph.append(.binary(.multiply), state, state)
      let sum = try graph.append(.reduce(Reduce(.sum, axes: [0, 1])), squares)
      loss = try graph.append(.binary(.add), loss, sum)
    }
    graph.results = [loss]
    return Function(name: "main", graph: graph, resultNames: ["loss"])
  }

  @Test(arguments: RecurrentCellKind.allCases)
  func recurrentSequence(_ cell: RecurrentCellKind) throws {
    for isReversed in [[false], [true], [false, true]] {
      for lengths in [nil, [4.0, 0, 2]] as [[Double]?] {
        let layer = FusedRecurrentSequence(
          cell: cell, isReversed: isReversed, hasBias: true,
          hasHiddenBias: cell == .gruResetAfter, hasLengths: lengths != nil, savesGates: true)
        let function = try function(layer, hidden: 3)
        var generator = TestGenerator(4)
        let bindings: Bindings = ["batch": 3, "time": 4]
        let inputs = try function.inputs.map { input in
          let shape = try input.type.sizes(bindings)
          if input.name == "lengths" { return HostTensor(.int32, shape, lengths ?? []) }
          return generator.tensor(shape)
        }
        try checkGradients(
          function, parameters: [:], inputs: inputs,
          sources: function.inputs.map(\.name).filter { $0 != "lengths" },
          "\(cell) \(isReversed) \(String(describing: lengths))")
      }
    }
  }

  @Test(arguments: [false, true], FusedSoftmax.Mask.allCases)
  func attention(isAdditive: Bool, mask: FusedSoftmax.Mask) throws {
    for causal in [nil, 1] as [Dimension?] {
      let operation = FusedAttention(
        isAdditive: isAdditive, scale: 0.7, causal: causal, mask: mask, hasLengths: causal != nil)
      var graph = Graph()
      func argument(_ name: String, _ type: TensorType) -> Value {
        graph.addArgument(type, name: name)
      }
      var operands = [
        argument("q", TensorType(.float32, ["batch", 4, 3, 2])),
        argument("k", TensorType(.float32, ["batch", 2, "keys", 2])),
        argument("v", TensorType(.float32, ["batch", 2, "keys", 3])),
      ]
      if isAdditive { operands.append(argument("vector", TensorType(.float32, [2]))) }
      if mask != .none {
        let type = TensorType(mask == .select ? .bool : .float32, [3, "keys"])
        operands.append(argument("mask", type))
      }
      if causal != nil { operands.append(argument("lengths", TensorType(.int32, ["batch"]))) }
      let y = try graph.append(.attention(operation), operands)[0]
      let weights = argument("weights", TensorType(.float32, ["batch", 4, 3, 3]))
      let product = try graph.append(.binary(.multiply), y, weights)
      graph.results = [try graph.append(.reduce(Reduce(.sum, axes: [0, 1, 2, 3])), product)]
      var generator = TestGenerator(12)
      let inputs = try graph.arguments.map { argument in
        let shape = try graph.type(of: argument).sizes(["batch": 3, "keys": 5])
        switch graph.name(of: argument) {
        case "lengths": return HostTensor(.int32, shape, [5, 0, 2])
        case "mask" where mask == .select:
          return HostTensor(.bool, shape) { ($0[0] + $0[1]) % 3 == 1 ? 0 : 1 }
        default: return generator.tensor(shape)
        }
      }
      try checkGradients(
        Function(name: "main", graph: graph, resultNames: ["loss"]), parameters: [:],
        inputs: inputs, sources: ["q", "k", "v"] + (isAdditive ? ["vector"] : []),
        "\(operation)")
    }
  }

  @Test(arguments: [true, false])
  func normalization(isCentered: Bool) throws {
    for (hasWeight, hasBias) in [(true, true), (true, false), (false, true), (false, false)] {
      let operation = FusedNormalization(
        isCentered: isCentered, epsilon: 0.01, hasWeight: hasWeight, hasBias: hasBias)
      var graph = Graph()
      let type = TensorType(.float32, ["batch", 3, 5])
      let x = graph.addArgument(type, name: "x"), weights = graph.addArgument(type, name: "weights")
      let names = (hasWeight ? ["w"] : []) + (hasBias ? ["b"] : [])
      let vectors = names.map { graph.addArgument(TensorType(.float32, [5]), name: $0) }
      let y = try graph.append(.normalization(operation), [x] + vectors)[0]
      let product = try graph.append(.binary(.multiply), y, weights)
      graph.results = [try graph.append(.reduce(Reduce(.sum, axes: [0, 1, 2])), product)]
      var generator = TestGenerator(11)
      try checkGradients(
        Function(name: "main", graph: graph, resultNames: ["loss"]), parameters: [:],
        inputs: try graph.arguments.map {
          generator.tensor(try graph.type(of: $0).sizes(["batch": 2]))
        }, sources: ["x"] + names, "\(operation)")
    }
  }

  /// Tables by indices of each element and of each step, rows that repeat, with and without what follows.
  @Test(arguments: [nil, true, false] as [Bool?], [true, false])
  func embedding(isCentered: Bool?, keepsSum: Bool) throws {
    let norm = isCentered.map {
      FusedNormalization(isCentered: $0, epsilon: 0.01, hasWeight: keepsSum, hasBias: keepsSum)
    }
    typealias Term = FusedEmbedding.Term
    let operation = FusedEmbedding(
      terms: [
        Term(isLookup: true, scale: 1.5), Term(isLookup: true), Term(isLookup: false, scale: -0.5),
        Term(isLookup: false),
      ], norm: norm, keepsSum: keepsSum)
    var graph = Graph()
    func argument(_ name: String, _ type: TensorType) -> Value {
      graph.addArgument(type, name: name)
    }
    var operands = [
      argument("words", TensorType(.float32, [4, 5])),
      argument("tokens", TensorType(.int32, ["batch", 3])),
      argument("places", TensorType(.float32, [3, 5])),
      argument("positions", TensorType(.int32, [3])),
      argument("rows", TensorType(.float32, [3, 5])),
      argument("row", TensorType(.float32, [1, 1, 5])),
    ]
    var sources = ["words", "places", "rows", "row"]
    if norm?.hasWeight == true {
      for name in ["w", "b"] {
        operands.append(argument(name, TensorType(.float32, [5])))
        sources.append(name)
      }
    }
    let results = try graph.append(.embedding(operation), operands)
    var loss: Value?
    for (index, result) in results.enumerated() {
      let weights = argument("weights\(index)", TensorType(.float32, ["batch", 3, 5]))
      let product = try graph.append(.binary(.multiply), result, weights)
      let sum = try graph.append(.reduce(Reduce(.sum, axes: [0, 1, 2])), product)
      loss = try loss.map { try graph.append(.binary(.add), $0, sum) } ?? sum
    }
    graph.results = [try #require(loss)]
    var generator = TestGenerator(13)
    try checkGradients(
      Function(name: "main", graph: graph, resultNames: ["loss"]), parameters: [:],
      inputs: try graph.arguments.map { argument in
        switch graph.name(of: argument) {
        case "tokens": HostTensor(.int32, [2, 3], [0, 3, 3, 1, 0, 3])
        case "positions": HostTensor(.int32, [3], [2, 0, 1])
        default: generator.tensor(try graph.type(of: argument).sizes(["batch": 2]))
        }
      }, sources: sources, "\(operation)")
  }

  @Test func embeddingInEveryStep() throws {
    let module = try Module(
      parsing: """
        module @m {
          function @main(
            %h: f32[2, 4], %words: f32[5, 4], %tokens: i32[2, time]
          ) -> (loss: f32[]) {
            %h_T = scan %h, %tokens, %words {time = time, carry = 1, scanned = 1}
              body(%h: f32[2, 4], %t: i32[2], %words: f32[5, 4]) {
                %n, %s = embedding %words, %t, %h {lookups = [true, false], norm = layer_norm, epsilon = 0.25, sum = true}
                %u = tanh %s
                %y = add %n, %u
                yield %y
              }
            %q = multiply %h_T, %h_T
            %z = multiply %q, %h
            %loss = reduce.sum %z {axes = [0, 1]}
            return %loss
          }
        }
        """)
    var generator = TestGenerator(14)
    try checkGradients(
      module.functions[0], parameters: [:],
      inputs: [
        generator.tensor([2, 4]), generator.tensor([5, 4]),
        HostTensor(.int32, [2, 3], [0, 4, 4, 1, 4, 0]),
      ], sources: ["h", "words"])
  }

  /// Holds the gradients of a loss over random arguments against differences.
  private func check(
    _ graph: Graph, batch: Int, seed: UInt64, sources: [String], _ comment: String
  ) throws {
    var generator = TestGenerator(seed)
    try checkGradients(
      Function(name: "main", graph: graph, resultNames: ["loss"]), parameters: [:],
      inputs: try graph.arguments.map {
        generator.tensor(try graph.type(of: $0).sizes(["batch": batch]))
      }, sources: sources, comment)
  }

  @Test(arguments: Activation.allCases)
  func factors(activation: Activation) throws {
    var graph = Graph()
    let x = graph.addArgument(TensorType(.float32, ["batch", 4]), name: "x")
    let w = graph.addArgument(TensorType(.float32, [4, 3]), name: "w")
    let b = graph.addArgument(TensorType(.float32, [3]), name: "b")
    let f = graph.addArgument(TensorType(.float32, ["batch", 3]), name: "f")
    let linear = FusedLinear(activation: activation, scale: 0.7, hasBias: true).timesFactor
    let y = try graph.append(.linear(linear), x, w, b, f)
    let squares = try graph.append(.binary(.multiply), y, y)
    graph.results = [try graph.append(.reduce(Reduce(.sum, axes: [0, 1])), squares)]
    try check(graph, batch: 5, seed: 15, sources: ["x", "w", "b", "f"], "\(activation)")
  }

  @Test func contractionsWithSums() throws {
    let module = try Module(
      parsing: """
        module @m {
          function @main(%a: f32[batch, 2, 4], %b: f32[batch, 2, 3]) -> (loss: f32[]) {
            %c, %s = contract %a, %b {sums = true}
            %weighted = multiply %c, %s
            %squares = multiply %weighted, %weighted
            %loss = reduce.sum %squares {axes = [0, 1]}
            return %loss
          }
        }
        """)
    var generator = TestGenerator(16)
    try checkGradients(
      module.functions[0], parameters: [:],
      inputs: [generator.tensor([3, 2, 4]), generator.tensor([3, 2, 3])], sources: ["a", "b"])
  }

  @Test func cellsLinearAndSoftmax() throws {
    for cell in [RecurrentCellKind.rnnTanh, .rnnRelu, .lstm, .gruResetAfter] {
      let width = Dimension(constant: cell.gates.count * 3)
      var graph = Graph()
      let x = graph.addArgument(TensorType(.float32, ["batch", width]), name: "x")
      let h = graph.addArgument(TensorType(.float32, ["batch", width]), name: "h")
      let s = graph.addArgument(TensorType(.float32, ["batch", 3]), name: "s")
      let takesState = cell == .lstm || cell == .gruResetAfter
      let results = try graph.append(
        .recurrentCell(FusedRecurrentCell(cell)), [x, h] + (takesState ? [s] : []))
      let joined = try graph.append(.concatenate(Concatenate(axis: 1)), results)[0]
      let squares = try graph.append(.binary(.multiply), joined, joined)
      graph.results = [try graph.append(.reduce(Reduce(.sum, axes: [0, 1])), squares)]
      try check(graph, batch: 2, seed: 9, sources: ["x", "h", "s"], "\(cell)")
    }
    for activation in Activation.allCases {
      for mask in FusedSoftmax.Mask.allCases {
        var graph = Graph()
        let x = graph.addArgument(TensorType(.float32, ["batch", 4]), name: "x")
        let w = graph.addArgument(TensorType(.float32, [4, 3]), name: "w")
        let b = graph.addArgument(TensorType(.float32, [3]), name: "b")
        let r = graph.addArgument(TensorType(.float32, ["batch", 3]), name: "r")
        let y = try graph.append(
          .linear(
            FusedLinear(activation: activation, scale: 0.7, hasBias: true, hasResidual: true)),
          x, w, b, r)
        let condition = try graph.append(.compare(.greater), r, b)
        let operands = [y] + (mask == .none ? [] : [mask == .select ? condition : b])
        let weights = try graph.append(
          .softmax(FusedSoftmax(scale: 1.3, mask: mask)), operands)[0]
        let product = try graph.append(.binary(.multiply), weights, r)
        graph.results = [try graph.append(.reduce(Reduce(.sum, axes: [0, 1])), product)]
        try check(
          graph, batch: 3, seed: 10, sources: ["x", "w", "b", "r"], "\(activation) \(mask)")
      }
    }
  }
}
