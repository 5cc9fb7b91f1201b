import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

@Suite struct RecurrenceTests {
  /// A model of two functions with one weight.
  struct Accumulator: Model {
    let scale = Weight([3], initializer: .ones)

    func main(_ inputs: Inputs) -> Outputs {
      let x = inputs.tensor("x", .float32, ["batch", "time", 3])
      let lengths = inputs.lengths()
      let run = recurrence(over: [x], from: [x.sum(over: 1) * 0.0], lengths: lengths) {
        slices, state in
        let sum = state[0] + slices[0] * scale
        return (state: [sum], outputs: [sum, slices[0] - state[0]])
      }
      return ["final": run.state[0], "sums": run.outputs[0], "steps": run.outputs[1]]
    }

    var functions: [ModelFunction] {
      [
        ModelFunction("step") { inputs in
          let sum = inputs.state("sum", ["batch", 3])
          let new = sum + inputs.tensor("x", .float32, ["batch", 3]) * scale
          inputs.update(sum, to: new)
          return ["sum": new]
        }
      ]
    }
  }

  private let x = (0..<12).map { Float($0) }

  @Test func runsAStepOverTimeWithinLengths() throws {
    let session = try Accumulator().compiled().session()
    let outputs = try session.run([
      "x": .float32(x, shape: [2, 2, 3]), "lengths": .int32([2, 1], shape: [2]),
    ])
    #expect(outputs["final"] == (try .float32([3, 5, 7, 6, 7, 8], shape: [2, 3])))
    #expect(
      outputs["sums"]
        == (try .float32([0, 1, 2, 3, 5, 7, 6, 7, 8, 0, 0, 0], shape: [2, 2, 3])))
    #expect(
      outputs["steps"]
        == (try .float32([0, 1, 2, 3, 3, 3, 6, 7, 8, 0, 0, 0], shape: [2, 2, 3])))
  }

  @Test func functionsShareParametersAndKeepTheirOwnState() throws {
    let model = try Accumulator().compiled()
    #expect(model.traced.module.functions.map(\.name) == ["main", "step"])
    #expect(model.traced.module.parameters.map(\.name) == ["scale"])
    let session = try model.session(function: "step")
    for _ in 0..<2 { _ = try session.run(["x": .float32([1, 2, 3], shape: [1, 3])]) }
    #expect(try session.output("sum") == (try .float32([2, 4, 6], shape: [1, 3])))
  }

  @Test func functionNamesAreUnique() throws {
    struct Twice: Model {
      func main(_ inputs: Inputs) -> Outputs { ["y": inputs.tensor("x", .float32, ["batch"])] }
      var functions: [ModelFunction] { [ModelFunction("main") { main($0) }] }
    }
    let error = try #require(throws: ModelError.self) { try Twice().traced() }
    #expect(error.message == "two functions are called 'main'")
  }

  @Test func aStepOfAnotherShapeIsRefused() throws {
    let model = ClosureModel { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 3])
      let run = recurrence(over: [x], from: [x.sum(over: 1)]) { slices, _ in
        (state: [slices[0].sum(over: 1)], outputs: [])
      }
      return ["y": run.state[0]]
    }
    let error = try #require(throws: ModelError.self) { try model.traced() }
    #expect(error.message.hasPrefix("scan: state 0 is f32[batch, 3] before a step"))
  }

  @Test func inputsThatAreNoSequencesAreRefusedWithAllOutputsThere() throws {
    let model = ClosureModel { inputs in
      let x = inputs.tensor("x", .float32, ["batch", "time", 3])
      let y = inputs.tensor("y", .float32, ["batch", "steps", 3])
      let run = recurrence(over: [x, y], from: [x.sum(over: 1)]) { slices, state in
        (state: state, outputs: [slices[0], slices[1], slices[0] + slices[1]])
      }
      return ["z": run.outputs[2] + run.outputs[1]]
    }
    let error = try #require(throws: ModelError.self) { try model.traced() }
    #expect(error.message.hasPrefix("input 1 of a recurrence is f32[batch, steps, 3], expected"))
    let nothing = ClosureModel { inputs in
      let state = inputs.tensor("h", .float32, ["batch", 3])
      return ["h": recurrence(over: [], from: [state]) { ($1, $0) }.state[0]]
    }
    let none = try #require(throws: ModelError.self) { try nothing.traced() }
    #expect(none.message == "a recurrence has no input to go over")
  }
}
