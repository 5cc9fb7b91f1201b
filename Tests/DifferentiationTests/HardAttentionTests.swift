import Foundation
import SequentCompiler
import SequentIR
import Testing

@testable import Sequent

/// Choices made at random in training, and what they teach.
@Suite struct HardAttentionTests {
  private let scores = [0.5, -1, 1.5]
  private var probabilities: [Double] {
    let exponentials = scores.map { exp($0) }
    return exponentials.map { $0 / exponentials.reduce(0, +) }
  }

  /// Every row chooses between three values, the unit vectors, with the same scores.
  private struct Choice: Model {
    let scores = Weight([3])
    let attention = HardAttention(.dot)

    func main(_ inputs: Inputs) -> Outputs {
      let values = inputs.tensor("values", .float32, ["batch", 3, 3])
      let queries = values.trace.tensor(scores).broadcast(to: ["batch", 3])
      let choice = attention(queries, attention.memory(values))
      return ["context": choice.context, "log_probability": choice.logProbability]
    }
  }

  @Test func `every step of a recurrence chooses anew`() throws {
    let attention = HardAttention(.dot)
    let model = ClosureModel { inputs in
      let values = inputs.tensor("values", .float32, ["batch", 3, 3])
      let queries = inputs.tensor("queries", .float32, ["batch", "time", 3])
      let memory = attention.memory(values)
      let draws = attention.draws(queries, memory)
      let run = recurrence(over: [queries] + (draws.map { [$0] } ?? []), from: []) { slices, _ in
        let choice = attention(slices[0], memory, draws: slices.count > 1 ? slices[1] : nil)
        return ([], [choice.weights])
      }
      return ["weights": run.outputs[0]]
    }
    let module = try model.traced(for: Objective { _, outputs in outputs["weights"].average })
    let main = try #require(module.function("main"))
    let inputs = main.inputs.map { input -> HostTensor in
      switch input.name {
      case "values": HostTensor(.float32, [1, 3, 3], repeating: 1)
      case "queries": HostTensor(.float32, [1, 60, 3], repeating: 1)
      default: HostTensor(.int32, [], [7])
      }
    }
    let weights = try Evaluator(parameters: [:]).evaluate(main, inputs)[1]
    for key in 0..<3 {
      let count = (0..<60).reduce(0) { $0 + weights[[0, $1, key]] }
      #expect((8...32).contains(count), "key \(key): \(count) of 60")
    }
  }

  @Test func `a choice is learned`() throws {
    let objective = Objective { inputs, outputs in
      let difference = outputs["context"] - inputs.tensor("wanted", .float32, ["batch", 3])
      let losses = (difference * difference).sum(over: 1)
      return losses.average + scoreFunction(losses, outputs["log_probability"])
    }
    let step = try TrainingStep(Choice(), objective, .adam(), seed: 1, threads: 1)
    var generator = TestGenerator(4)
    // One of three values is marked, in its first element: the one that is wanted.
    let losses = try (0..<200).map { number in
      var values = generator.tensor([64, 3, 3])
      for row in 0..<64 {
        for key in 0..<3 { values[[row, key, 0]] = key == (row + number) % 3 ? 1 : -1 }
      }
      let wanted = HostTensor(.float32, [64, 3]) { values[[$0[0], ($0[0] + number) % 3, $0[1]]] }
      let batch = ["values": try values.single(), "wanted": try wanted.single()]
      return try step.run(batch, learningRate: 0.05).loss
    }
    let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
    #expect(last < 0.05 * first, "\(losses[0]), \(losses[199])")
  }

  private func evaluate(
    _ objective: Objective, rows: Int
  ) throws -> (loss: Double, context: HostTensor, gradient: [Double]) {
    let module = try Choice().traced(for: objective)
    let main = try #require(module.function("main"))
    let derived = try main.differentiated("loss", withRespectTo: ["scores"])
    let values = HostTensor(.float32, [rows, 3, 3]) { $0[1] == $0[2] ? 1 : 0 }
    let inputs = derived.inputs.map { $0.name == "values" ? values : HostTensor(.int32, [], [7]) }
    let results = try Evaluator(parameters: ["scores": HostTensor(.float32, [3], scores)])
      .evaluate(derived, inputs)
    return (results[0].values[0], results[1], results[3].values)
  }

  @Test func `keys are chosen with their probability`() throws {
    let rows = 4000
    let context = try evaluate(
      Objective { _, outputs in outputs["context"].sum(over: 1).mean(over: 0) }, rows: rows
    ).context
    for (key, probability) in probabilities.enumerated() {
      let share = (0..<rows).reduce(0) { $0 + context[[$1, key]] } / Double(rows)
      let deviation = (probability * (1 - probability) / Double(rows)).squareRoot()
      #expect(abs(share - probability) < 4 * deviation, "key \(key): \(share)")
    }
  }

  @Test(arguments: [true, false])
  func `the score function's gradient is that of the expected loss`(hasBaseline: Bool) throws {
    let costs = [1.0, 3, -2]
    let objective = Objective { _, outputs in
      let context = outputs["context"]
      let cost = context.trace.emit(
        .constant(Constant(costs, shape: [3])), [], at: nil)[0]
      let losses = (context * cost).sum(over: 1)
      let term = scoreFunction(
        losses, outputs["log_probability"], baseline: hasBaseline ? losses.scalar(0.5) : nil)
      return losses.average + term
    }
    let (loss, context, gradient) = try evaluate(objective, rows: 4000)
    let mean = context.values.enumerated().reduce(0) { $0 + $1.element * costs[$1.offset % 3] }
    #expect(abs(loss - mean / 4000) < 1e-9, "the term's value is zero")
    let expected = zip(probabilities, costs).reduce(0) { $0 + $1.0 * $1.1 }
    for key in 0..<3 {
      let exact = probabilities[key] * (costs[key] - expected)
      #expect(abs(gradient[key] - exact) < 0.1, "\(key): \(gradient[key]), exactly \(exact)")
    }
  }
}
