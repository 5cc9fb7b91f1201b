import SequentCompiler
import SequentIR
import TestSupport
import Testing

@testable import SequentRuntime

/// Whole training steps: parameters and optimizer states are states of a session.
@Suite struct TrainingTests {
  /// A tagger with dropout: tokens to labels, -1 where there is none.
  private static func module(_ cell: RecurrentCellKind) throws -> Module {
    var book = Textbook()
    let tokens = book.input("tokens", TensorType(.int32, ["batch", "time"]))
    let labels = book.input("labels", TensorType(.int32, ["batch", "time"]))
    let lengths = book.input("lengths", TensorType(.int32, ["batch"]))
    let seed = book.input("seed", TensorType(.int32, []))
    var x = try book.add(.gather(Gather()), book.parameter("table", [6, 3]), tokens)
    let draw = RandomUniform(shape: book.graph.type(of: x).shape, stream: 2)
    let isKept = try book.add(
      .compare(.greaterOrEqual), book.add(.randomUniform(draw), seed),
      book.add(.constant(Constant(0.25))))
    let scaled = try book.add(.binary(.divide), x, book.add(.constant(Constant(0.75))))
    x = try book.add(.select(Select()), isKept, scaled, book.add(.constant(Constant(0))))
    var stack = Textbook.Stack(cell)
    (stack.isBidirectional, stack.isRagged) = (true, true)
    let states = try book.stack(stack, x, lengths: lengths)
    let logits = try book.add(
      .binary(.add), book.add(.matmul(MatMul()), states[0], book.parameter("head.weight", [8, 5])),
      book.parameter("head.bias", [5]))
    let loss = FusedCrossEntropy(smoothing: 0.1, ignored: -1)
    let losses = try book.add(.crossEntropy(loss), logits, labels)
    let count = Size(book.graph.type(of: losses).shape)
    let mean = try book.add(
      .binary(.divide), book.add(.reduce(Reduce(.sum, axes: [0, 1])), losses),
      book.add(.size(count)))
    return book.module(results: [mean, logits])
  }

  static let optimizers: [OptimizerOptions] = [
    OptimizerOptions(.sgd(momentum: 0, nesterov: false)),
    OptimizerOptions(.sgd(momentum: 0.9, nesterov: true), maximumNorm: 0.1),
    OptimizerOptions(.rmsProp(decay: 0.9, epsilon: 1e-4), maximumValue: 0.01),
    OptimizerOptions(.adagrad(epsilon: 1e-4), weightDecay: 0.1),
    OptimizerOptions(
      .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-4), weightDecay: 0.1, isDecoupled: true,
      maximumNorm: 0.5),
  ]

  private struct Training {
    let model: Model
    let weights: [String: HostTensor]

    init(_ cell: RecurrentCellKind, _ options: OptimizerOptions) throws {
      let passes = CompilerOptions(disabledPasses: ["fuse-recurrent-sequence"])
      let module = try compile(TrainingTests.module(cell), options: passes).module
      let step = try module.trainingStep(loss: "result0", options)
      let whole = Module(name: "training", parameters: [], functions: [step])
      model = Model(try compile(whole, options: passes).module, [:])
      weights = Dictionary(
        uniqueKeysWithValues: try module.parameters.enumerated().map { index, parameter in
          (parameter.name, .random(try parameter.type.sizes([:]), seed: UInt64(index)))
        })
    }

    /// Inputs of the step of a number; a label of the first may be wrong.
    func inputs(_ number: Int, badLabel: Double? = nil) -> [String: HostTensor] {
      var labels = HostTensor(.int32, [3, 4]) { Double(($0[0] * 2 + $0[1]) % 6 - 1) }
      if let badLabel { labels.values[6] = badLabel }
      return [
        "tokens": HostTensor(.int32, [3, 4]) { Double(($0[0] + $0[1] * number) % 6) },
        "labels": labels, "lengths": HostTensor(.int32, [3], [4, 0, 2]),
        "seed": HostTensor(.int32, [], [Double(number)]),
        "learning_rate": HostTensor(.float32, [], [0.0625]),
        "step": HostTensor(.float32, [], [Double(number)]),
      ]
    }

    func session(threads: Int) throws -> Session {
      let session = try model.session(threads: threads)
      try session.restore(SessionState(tensors: try weights.mapValues { try $0.data() }))
      return session
    }

    /// The evaluator's results of a step, which takes the states further.
    func evaluate(_ number: Int, _ states: inout [String: HostTensor]) throws -> [HostTensor] {
      let function = model.function
      let given = inputs(number)
      let bindings: Bindings = ["batch": 3, "time": 4]
      let arguments = try function.inputs.map { input in
        try given[input.name] ?? states[input.name]
          ?? HostTensor(input.type.elementType, input.type.sizes(bindings), repeating: 0)
      }
      let results = try Evaluator(parameters: [:]).evaluate(function, arguments)
      for (name, tensor) in zip(function.resultNames, results) {
        if let state = function.states[name] { states[state] = tensor }
      }
      return results
    }
  }

  private static let tolerance = Tolerance(absolute: 2e-4, relative: 1e-3)

  @Test(arguments: optimizers.indices, [RecurrentCellKind.lstm, .gruResetAfter])
  func `three steps are the evaluator's`(position: Int, cell: RecurrentCellKind) throws {
    let training = try Training(cell, Self.optimizers[position])
    let function = training.model.function
    try withEachInstructionSet { isa in
      var first: [[String: [UInt32]]]?
      for threads in [1, 2, 5] {
        let session = try training.session(threads: threads)
        var states = training.weights
        var bits: [[String: [UInt32]]] = []
        for number in 1...3 {
          let expected = try training.evaluate(number, &states)
          var results = try session.run(try training.inputs(number).mapValues { try $0.data() })
          let after = try session.snapshot().tensors
          for (result, state) in function.states { results[result] = after[state] }
          for (name, tensor) in zip(function.resultNames, expected) {
            let difference =
              results[name].map { Self.tolerance.difference($0, tensor) } ?? "missing"
            #expect(difference == nil, "\(name) of step \(number), \(threads) threads, \(isa)")
          }
          bits.append(results.mapValues(\.bits))
        }
        #expect(first == nil || bits == first, "\(threads) threads, \(isa)")
        first = bits
      }
    }
  }

  @Test(arguments: optimizers.indices)
  func `parameters and optimizer states are updated in their own memory`(position: Int) throws {
    let training = try Training(.lstm, Self.optimizers[position])
    let plan = try training.model.executable().plan(
      function: "train", ["batch": 3, "time": 4])
    var updated = 0
    for instruction in plan.instructions {
      guard case .optimizerUpdate = instruction.kernel else { continue }
      for (index, view) in instruction.outputs.enumerated() {
        guard case .state = plan.buffers[view.buffer].storage else {
          Issue.record("a result of an update lies outside its state")
          continue
        }
        #expect(view == instruction.inputs[index == 0 ? 0 : index + 4])
        updated += 1
      }
    }
    #expect(updated == training.model.function.states.count)
  }

  @Test func `steps run on memory that stays where it is`() throws {
    try withOwnInstructionSet {
      let training = try Training(.lstm, Self.optimizers[4])
      let (session, other) = (try training.session(threads: 2), try training.session(threads: 2))
      try session.bind(["batch": 3, "time": 4])
      let states = training.model.function.states.values
      let before = try states.map { try session.base(.state($0)) }
      for number in 1...3 {
        let inputs = try training.inputs(number).mapValues { try $0.data() }
        for (name, tensor) in inputs { tensor.write(to: try session.base(.input(name))) }
        try session.run()
        _ = try other.run(inputs)
      }
      #expect(try states.map { try session.base(.state($0)) } == before)
      #expect(try session.snapshot() == other.snapshot())
    }
  }

  @Test func `a bad label is named, and nothing is learnt from it`() throws {
    try withOwnInstructionSet {
      let training = try Training(.gruResetAfter, Self.optimizers[0])
      let session = try training.session(threads: 1)
      _ = try session.run(try training.inputs(1).mapValues { try $0.data() })
      let before = try session.snapshot()
      for bad in [5.0, -2] {
        let inputs = try training.inputs(1, badLabel: bad).mapValues { try $0.data() }
        #expect {
          try session.run(inputs)
        } throws: {
          "\($0)".hasPrefix("labels[1, 2] is \(Int(bad)), not one of 5 classes (cross_entropy ")
        }
        #expect(try session.snapshot() == before)
      }
    }
  }
}
