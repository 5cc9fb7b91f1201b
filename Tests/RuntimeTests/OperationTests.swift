import SequentIR
import Testing

/// Each operation by hand, on every instruction set.
@Suite struct OperationTests {
  private func check(
    _ parameters: [String: HostTensor] = [:], _ inputs: [HostTensor],
    _ build: (inout Graph) throws -> Value
  ) throws {
    let model = try Model(parameters) { [("y", try build(&$0))] }
    try withEachInstructionSet { try model.check(inputs, $0) }
  }

  @Test(arguments: [0, 1, 3, 70])
  func `elementwise chain with a bias`(rows: Int) throws {
    try check(["b": .random([5], seed: 1)], [.random([rows, 5], seed: 2)]) { graph in
      let x = graph.addArgument(TensorType(.float32, ["rows", 5]), name: "x")
      let b = graph.parameter("b", TensorType(.float32, [5]))
      let sum = try graph.append(.binary(.add), x, b)
      let activation = try graph.append(.unary(.tanh), sum)
      return try graph.append(.binary(.multiply), activation, sum)
    }
  }

  @Test(arguments: [0, 1, 4, 33])
  func `product with a weight`(rows: Int) throws {
    try check(["w": .random([7, 19], seed: 1)], [.random([rows, 7], seed: 2)]) { graph in
      let x = graph.addArgument(TensorType(.float32, ["rows", 7]), name: "x")
      let w = graph.parameter("w", TensorType(.float32, [7, 19]))
      return try graph.append(.matmul(MatMul()), x, w)
    }
  }

  @Test(arguments: [Activation.none, .relu, .gelu, .tanh], [1, 0.5])
  func `products with epilogues`(activation: Activation, scale: Double) throws {
    for (hasBias, hasResidual) in [(false, true), (true, true), (true, false)] {
      for isBatched in [false, true] {
        let x = TensorType(.float32, ["batch", 3, 6])
        let w: [Dimension] = isBatched ? ["batch", 6, 5] : [6, 5]
        let y = TensorType(.float32, ["batch", 3, 5])
        let operation = FusedLinear(
          activation: activation, scale: scale, hasBias: hasBias, hasResidual: hasResidual)
        for batch in [0, 1, 4] {
          var inputs: [HostTensor] = [.random([batch, 3, 6], seed: 2)]
          inputs.append(.random(isBatched ? [batch, 6, 5] : [6, 5], seed: 3))
          if hasResidual { inputs.append(.random([batch, 3, 5], seed: 4)) }
          try check(["b": .random([5], seed: 1)], inputs) { graph in
            var operands = [
              graph.addArgument(x, name: "x"),
              graph.addArgument(TensorType(.float32, w), name: "w"),
            ]
            if hasBias { operands.append(graph.parameter("b", TensorType(.float32, [5]))) }
            if hasResidual { operands.append(graph.addArgument(y, name: "r")) }
            return try graph.append(.linear(operation), operands)[0]
          }
        }
      }
    }
  }

  @Test(arguments: [Activation.none, .relu, .gelu])
  func `products with a factor`(activation: Activation) throws {
    let operation = FusedLinear(activation: activation, scale: 0.5, hasBias: true).timesFactor
    for batch in [0, 1, 5] {
      let parameters = ["w": HostTensor.random([6, 33], seed: 1), "b": .random([33], seed: 2)]
      // The factor's rows lie in columns.
      let inputs: [HostTensor] = [
        .random([batch, 2, 6], seed: 3), .random([33, batch, 2], seed: 4),
      ]
      try check(parameters, inputs) { graph in
        let x = graph.addArgument(TensorType(.float32, ["batch", 2, 6]), name: "x")
        let f = graph.addArgument(TensorType(.float32, [33, "batch", 2]), name: "f")
        let w = graph.parameter("w", TensorType(.float32, [6, 33]))
        let b = graph.parameter("b", TensorType(.float32, [33]))
        let factor = try graph.append(.transpose(Transpose([1, 2, 0])), f)
        return try graph.append(.linear(operation), [x, w, b, factor])[0]
      }
    }
  }

  @Test(arguments: [Activation.gelu, .geluTanh])
  func `slopes of activations`(activation: Activation) throws {
    let operation = FusedLinear(activation: activation, scale: 0.5, hasBias: true).savingSlope
    for rows in [0, 1, 5] {
      let parameters = ["w": HostTensor.random([6, 33], seed: 1), "b": .random([33], seed: 2)]
      try check(parameters, [.random([rows, 6], seed: 3)]) { graph in
        let x = graph.addArgument(TensorType(.float32, ["rows", 6]), name: "x")
        let w = graph.parameter("w", TensorType(.float32, [6, 33]))
        let b = graph.parameter("b", TensorType(.float32, [33]))
        let results = try graph.append(.linear(operation), [x, w, b])
        return try graph.append(.concatenate(Concatenate(axis: 1)), results)[0]
      }
    }
  }

  @Test(arguments: FusedSoftmax.Mask.allCases)
  func `softmax with masks`(mask: FusedSoftmax.Mask) throws {
    let operation = FusedSoftmax(scale: 0.7, mask: mask)
    for (rows, width) in [(0, 3), (2, 0), (1, 1), (3, 40)] {
      var inputs: [HostTensor] = [.random([2, rows, width], seed: 1)]
      switch mask {
      case .none: break
      case .additive: inputs.append(.random([rows, width], seed: 2))
      case .select:
        inputs.append(HostTensor(.bool, [rows, width]) { ($0[0] + $0[1]) % 3 == 1 ? 1 : 0 })
      }
      try check([:], inputs) { graph in
        var operands = [
          graph.addArgument(TensorType(.float32, [2, "rows", "width"]), name: "x")
        ]
        if mask != .none {
          let type = TensorType(mask == .select ? .bool : .float32, ["rows", "width"])
          operands.append(graph.addArgument(type, name: "mask"))
        }
        return try graph.append(.softmax(operation), operands)[0]
      }
    }
  }

  @Test(arguments: [true, false])
  func `normalisation and its gradient`(isCentered: Bool) throws {
    for (rows, width) in [(0, 3), (1, 1), (3, 40), (5, 17)] {
      for hasVectors in [true, false] {
        let operation = FusedNormalization(
          isCentered: isCentered, epsilon: 1e-3, hasWeight: hasVectors, hasBias: hasVectors)
        let types = [TensorType(.float32, [2, "rows", "width"]), TensorType(.float32, ["width"])]
        let x = HostTensor.random([2, rows, width], seed: 1)
        let vectors = (2...3).map { HostTensor.random([width], seed: $0) }
        try check([:], [x] + (hasVectors ? vectors : [])) { graph in
          let names = hasVectors ? ["x", "w", "b"] : ["x"]
          let operands = names.map { graph.addArgument(types[$0 == "x" ? 0 : 1], name: $0) }
          return try graph.append(.normalization(operation), operands)[0]
        }
        for result in 0..<(hasVectors ? 3 : 1) {
          let dy = HostTensor.random([2, rows, width], seed: 4)
          try check([:], [x] + (hasVectors ? [vectors[0]] : []) + [dy]) { graph in
            let names = hasVectors ? ["x", "w", "dy"] : ["x", "dy"]
            let operands = names.map { graph.addArgument(types[$0 == "w" ? 1 : 0], name: $0) }
            return try graph.append(
              .normalizationGradient(NormalizationGradient(of: operation)), operands)[result]
          }
        }
      }
    }
  }

  @Test(arguments: [nil, true, false] as [Bool?], [false, true])
  func `sums of embeddings`(isCentered: Bool?, keepsSum: Bool) throws {
    let norm = isCentered.map {
      FusedNormalization(isCentered: $0, epsilon: 1e-3, hasWeight: keepsSum, hasBias: !keepsSum)
    }
    typealias Term = FusedEmbedding.Term
    let operation = FusedEmbedding(
      terms: [
        Term(isLookup: true, scale: 1.5), Term(isLookup: true), Term(isLookup: false, scale: 0.5),
        Term(isLookup: false),
      ], norm: norm, keepsSum: keepsSum)
    for (batch, width) in [(0, 3), (1, 1), (3, 40), (5, 17)] {
      let tokens = HostTensor(.int32, [batch, 4]) { Double(($0[0] * 5 + $0[1] * 3) % 6) }
      let parameters: [String: HostTensor] = [
        "words": .random([6, width], seed: 1), "places": .random([4, width], seed: 2),
        "row": .random([1, width], seed: 3), "vector": .random([width], seed: 4),
      ]
      let model = try Model(parameters) { graph in
        let parameter = { (name: String, graph: inout Graph) in
          let shape = parameters[name]?.shape.map { Dimension(constant: $0) } ?? []
          return graph.parameter(name, TensorType(.float32, shape))
        }
        let tokens = graph.addArgument(TensorType(.int32, ["batch", 4]), name: "tokens")
        let rows = graph.addArgument(
          TensorType(.float32, ["batch", 4, Dimension(constant: width)]), name: "rows")
        let positions = try graph.append(.iota(Iota(shape: [4], axis: 0)))
        var operands = [
          parameter("words", &graph), tokens, parameter("places", &graph), positions, rows,
          parameter("row", &graph),
        ]
        if norm != nil { operands.append(parameter("vector", &graph)) }
        let results = try graph.append(.embedding(operation), operands)
        return results.enumerated().map { ("y\($0)", $1) }
      }
      let rows = HostTensor.random([batch, 4, width], seed: 5)
      try withEachInstructionSet { try model.check([tokens, rows], $0) }
    }
  }

  @Test(arguments: [0, 1, 4])
  func `sums of embeddings in a loop`(batch: Int) throws {
    let module = try Module(
      parsing: """
        module @m {
          parameter @words : f32[9, 20]
          function @main(%h: f32[batch, 20], %tokens: i32[batch, time]) -> (h: f32[batch, 20]) {
            %h_T = scan %h, %tokens, @words {time = time, carry = 1, scanned = 1}
              body(%h: f32[batch, 20], %t: i32[batch], %words: f32[9, 20]) {
                %n = embedding %words, %t, %h {lookups = [true, false], norm = layer_norm, epsilon = 0.25}
                yield %n
              }
            return %h_T
          }
        }
        """)
    let model = Model(module, ["words": .random([9, 20], seed: 1)])
    let tokens = HostTensor(.int32, [batch, 5]) { Double(($0[0] * 5 + $0[1] * 4) % 9) }
    try withEachInstructionSet { try model.check([.random([batch, 20], seed: 2), tokens], $0) }
  }

  @Test func `a bad index of a sum of embeddings is told as that of its input`() throws {
    typealias Term = FusedEmbedding.Term
    let operation = FusedEmbedding(terms: [Term(isLookup: true), Term(isLookup: true)])
    let tables = [
      "words": HostTensor.random([6, 3], seed: 1), "places": .random([4, 3], seed: 2),
    ]
    let model = try Model(tables) { graph in
      let tokens = graph.addArgument(TensorType(.int32, ["batch", "time"]), name: "tokens")
      let positions = graph.addArgument(TensorType(.int32, ["time"]), name: "positions")
      let operands = [
        graph.parameter("words", TensorType(.float32, [6, 3])), tokens,
        graph.parameter("places", TensorType(.float32, [4, 3])), positions,
      ]
      return [("y", try graph.append(.embedding(operation), operands, names: ["y"])[0])]
    }
    for (tokens, positions, message) in [
      (
        [1, 2, 6, -1], [0, 9], "tokens[1, 0] is 6, not a row of a table of 6 rows (embedding %y )"
      ),
      ([1, 2, 3, 4], [0, 4], "positions[1] is 4, not a row of a table of 4 rows (embedding %y )"),
    ] as [([Double], [Double], String)] {
      let inputs = [
        HostTensor(.int32, [2, 2], tokens), HostTensor(.int32, [2], positions),
      ]
      #expect {
        try model.run(inputs, threads: 2)
      } throws: { "\($0)" == message }
    }
  }

  @Test(arguments: [0, 1, 5])
  func `contraction over all rows`(rows: Int) throws {
    try check([:], [.random([rows, 3, 7], seed: 1), .random([rows, 3, 4], seed: 2)]) { graph in
      let a = graph.addArgument(TensorType(.float32, ["rows", 3, 7]), name: "a")
      let b = graph.addArgument(TensorType(.float32, ["rows", 3, 4]), name: "b")
      return try graph.append(.contract(Contract()), a, b)
    }
    // Operands whose axes lie in another order.
    try check([:], [.random([rows, 3, 7], seed: 1), .random([7, rows, 3], seed: 2)]) { graph in
      let a = graph.addArgument(TensorType(.float32, ["rows", 3, 7]), name: "a")
      let b = graph.addArgument(TensorType(.float32, [7, "rows", 3]), name: "b")
      let turned = try graph.append(.transpose(Transpose([1, 2, 0])), b)
      return try graph.append(.contract(Contract()), a, turned)
    }
  }

  @Test(arguments: [(0, 4), (1, 4), (5, 4), (5, 0)])
  func `contraction with the sums of its right operand`(rows: Int, width: Int) throws {
    for left in [0, 7] {
      try check(
        [:], [.random([rows, 3, left], seed: 1), .random([rows, 3, width], seed: 2)]
      ) { graph in
        let a = graph.addArgument(TensorType(.float32, ["rows", 3, "left"]), name: "a")
        let b = graph.addArgument(TensorType(.float32, ["rows", 3, "width"]), name: "b")
        let results = try graph.append(.contract(Contract(givesSums: true)), [a, b])
        let sums = try graph.append(.reshape(Reshape([1, "width"])), results[1])
        return try graph.append(.concatenate(Concatenate(axis: 0)), results[0], sums)
      }
    }
  }

  @Test func `rows added up, and sizes`() throws {
    try check(
      [:], [HostTensor(.int32, [2, 3], [4, 0, 4, 1, 1, 4]), .random([2, 3, 5], seed: 3)]
    ) {
      graph in
      let indices = graph.addArgument(TensorType(.int32, ["batch", 3]), name: "indices")
      let rows = graph.addArgument(TensorType(.float32, ["batch", 3, 5]), name: "rows")
      let sum = try graph.append(.scatterAdd(ScatterAdd(rows: 6)), indices, rows)
      return try graph.append(
        .binary(.divide), sum, graph.append(.size(Size(["batch", 3]))))
    }
  }

  @Test func `a step on columns of a merged gradient`() throws {
    let shape = [4, 3]
    let inputs: [HostTensor] = [
      .random(shape, seed: 1), .random([4, 9], seed: 2), HostTensor(.float32, [], [0.1]),
      HostTensor(.float32, [], [0.5]), HostTensor(.float32, [], [2]),
    ]
    try check([:], inputs) { graph in
      let w = graph.addArgument(TensorType(.float32, [4, 3]), name: "w")
      let merged = graph.addArgument(TensorType(.float32, [4, 9]), name: "gradient")
      let scalars = ["rate", "factor", "step"].map {
        graph.addArgument(TensorType(.float32, []), name: $0)
      }
      let gradient = try graph.append(.slice(Slice(axis: 1, start: 3, size: 3)), merged)
      let update = OptimizerUpdate(.sgd(momentum: 0, nesterov: false), weightDecay: 0.1)
      return try graph.append(.optimizerUpdate(update), [w, gradient] + scalars)[0]
    }
  }
}
