import SequentCompiler
import SequentIR
import SequentRuntime
import TestSupport
import Testing

/// Differentiated functions on kernels, against the evaluator.
@Suite struct GradientTests {
  @Test(arguments: 0..<60)
  func `gradients of drawn graphs`(seed: UInt64) throws {
    let graph = try RandomGraph(seed: seed)
    var function = try #require(graph.module.function("main"))
    function.states = [:]
    let parameters = try graph.parameters().mapValues(\.rounded)
    let used = parameters.keys.sorted().filter { name in
      function.graph.nodes.contains { node in
        node.operands.contains { function.graph.parameterName(of: $0) == name }
      }
    }
    let real = function.inputs.filter { $0.type.elementType == .float32 }.map(\.name)
    for loss in function.outputs where loss.type.elementType == .float32 {
      let derived = try function.differentiated(loss.name, withRespectTo: used + real)
      let model = Model(
        Module(name: "m", parameters: graph.module.parameters, functions: [derived]), parameters)
      for (batch, time) in [(2, 3), (1, 1), (3, 0), (0, 2)] {
        let inputs = try graph.inputs(batch: batch, time: time).map(\.rounded)
        let values = try Evaluator(parameters: parameters).evaluate(derived, inputs)
        // Where a function jumps, single and double precision take different sides.
        guard values.allSatisfy({ $0.values.allSatisfy { abs($0) < 1e3 } }) else { continue }
        try withEachInstructionSet { isa in
          try model.check(
            inputs, tolerance: Tolerance(absolute: 1e-4, relative: 1e-3),
            "seed \(seed) \(loss.name), batch \(batch), time \(time), \(isa):")
        }
      }
    }
  }

  struct Layer: CustomTestStringConvertible {
    var stack: Textbook.Stack
    var testDescription: String {
      "\(stack.cell) \(stack.layers) \(stack.isBidirectional) \(stack.isRagged)"
    }
  }

  static let layers: [Layer] = RecurrentCellKind.allCases.flatMap { cell in
    [(1, false, false), (2, false, true), (2, true, true)].map { layers, both, ragged in
      var stack = Textbook.Stack(cell)
      (stack.layers, stack.isBidirectional, stack.isRagged) = (layers, both, ragged)
      return Layer(stack: stack)
    }
  }

  @Test(arguments: layers)
  func `gradients of recurrent layers, step by step`(layer: Layer) throws {
    let stack = layer.stack
    var book = Textbook()
    let x = book.input("x", TensorType(.float32, ["batch", "time", 3]))
    let lengths = stack.isRagged ? book.input("lengths", TensorType(.int32, ["batch"])) : nil
    var loss = try book.add(.constant(Constant(0)))
    for result in try book.stack(stack, x, lengths: lengths) {
      let squares = try book.add(.binary(.multiply), result, result)
      let axes = Array(book.graph.type(of: result).shape.indices)
      loss = try book.add(
        .binary(.add), loss, book.add(.reduce(Reduce(.sum, axes: axes)), squares))
    }
    let module = book.module(results: [loss])
    // As it is written, and as it is trained: optimised before and after.
    let options = CompilerOptions(disabledPasses: ["fuse-recurrent-sequence"])
    for isOptimized in [false, true] {
      let forward = isOptimized ? try compile(module, options: options).module : module
      let function = try #require(forward.function("main"))
      let names = module.parameters.map(\.name).filter { name in
        function.graph.nodes.contains { node in
          node.operands.contains { function.graph.parameterName(of: $0) == name }
        }
      }
      #expect(names.count == module.parameters.count)
      let derived = try function.differentiated("result0", withRespectTo: names + ["x"])
      var whole = Module(name: "m", parameters: module.parameters, functions: [derived])
      if isOptimized { whole = try compile(whole, options: options).module }
      var parameters: [String: HostTensor] = [:]
      for (index, parameter) in module.parameters.enumerated() {
        parameters[parameter.name] = .random(
          try parameter.type.sizes([:]), seed: UInt64(index))
      }
      let model = Model(whole, parameters)
      for (batch, time) in [(3, 4), (2, 1), (2, 0), (0, 3)] {
        var inputs: [HostTensor] = [.random([batch, time, 3], seed: 5)]
        if stack.isRagged {
          inputs.append(HostTensor(.int32, [batch]) { Double(($0[0] * 3 + 1) % (time + 1)) })
        }
        try withEachInstructionSet { isa in
          try model.check(
            inputs, tolerance: Tolerance(absolute: 1e-4, relative: 1e-3),
            "batch \(batch), time \(time), optimized \(isOptimized), \(isa):")
        }
      }
    }
  }
}
