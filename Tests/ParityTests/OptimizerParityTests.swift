import SequentCompiler
import SequentIR
import TestSupport
import Testing

@testable import Sequent

@Suite struct OptimizerParityTests {
  /// A loss whose gradients are inputs.
  private struct Given: Model {
    let weight = Weight([4, 3])
    let bias = Weight.vector(3)

    func main(_ inputs: Inputs) -> Outputs {
      let weights = inputs.trace.tensor(weight) * inputs.tensor("g", .float32, [4, 3])
      let biases = inputs.trace.tensor(bias) * inputs.tensor("b", .float32, [3])
      return ["sum": weights.total + biases.total]
    }
  }

  private static let decay = 0.1
  private static let optimizers: KeyValuePairs<String, Optimizer> = [
    "sgd": .sgd(),
    "sgd-decay": .sgd(weightDecay: decay),
    "sgd-momentum": .sgd(momentum: 0.9, weightDecay: decay),
    "sgd-nesterov": .sgd(momentum: 0.9, nesterov: true, weightDecay: decay),
    "rmsprop": .rmsProp(decay: 0.9, weightDecay: decay),
    "adagrad": .adagrad(weightDecay: decay),
    "adam": .adam(),
    "adam-decay": .adam(beta1: 0.8, beta2: 0.95, weightDecay: decay),
    "adamw": .adamW(weightDecay: decay),
    "clip-norm": .sgd().clipping(norm: 1.5),
    "clip-value": .sgd().clipping(value: 0.5),
    "clip-both": .adam().clipping(norm: 1.5, value: 1),
  ]

  @Test func fiveSteps() throws {
    let fixture = try Fixture("optimizers")
    for (name, optimizer) in Self.optimizers {
      let first = [
        "weight": try fixture.tensor("\(name)/weight"), "bias": try fixture.tensor("\(name)/bias"),
      ]
      let step = try TrainingStep(
        Given(), Objective { $1["sum"] }, optimizer, weights: TensorCollection(first), threads: 1)
      func row(_ path: String, _ number: Int) throws -> TensorData {
        let all = HostTensor(try fixture.tensor("\(name)/\(path)"))
        let shape = Array(all.shape.dropFirst())
        let count = shape.reduce(1, *)
        let values = all.values[number * count..<(number + 1) * count].map { Float($0) }
        return try .float32(values, shape: shape)
      }
      for (number, rate) in try fixture.values("\(name)/rates").enumerated() {
        let result = try step.run(
          ["g": row("gradients/weight", number), "b": row("gradients/bias", number)],
          learningRate: rate)
        let parameters = try step.parameters()
        for parameter in ["weight", "bias"] {
          let expected = try row("steps/\(parameter)", number)
          let actual = try parameters.tensor(named: parameter)
          #expect(
            Tolerance(absolute: 1e-6, relative: 1e-5).difference(actual, expected) == nil,
            "\(name) \(parameter) after step \(number)")
        }
        // Clipping by value comes first, and the norm is what is left.
        let norm = try fixture.values("\(name)/steps/norm")[number]
        if optimizer.options.maximumValue == nil {
          #expect(abs(result.gradientNorm - norm) < 1e-5 * norm, "\(name) step \(number)")
        }
      }
    }
  }

  @Test func schedules() throws {
    let fixture = try Fixture("schedules")
    let validation = try fixture.values("plateau/validation")
    let schedules: KeyValuePairs<String, (schedule: Schedule, total: Int)> = [
      "linear": (Schedule(.linear, peak: 0.5), 20),
      "cosine": (Schedule(.cosine, peak: 0.5), 20),
      "one-cycle": (Schedule(.oneCycle(share: 0.3), peak: 0.5), 21),
      "warm-up-linear": (Schedule(.linear, peak: 0.5, warmUp: 5), 20),
      "warm-up-cosine": (Schedule(.cosine, peak: 0.5, warmUp: 5), 20),
      "plateau": (Schedule(.plateau(factor: 0.5, patience: 2), peak: 0.5), 15),
    ]
    for (name, (schedule, total)) in schedules {
      for (step, expected) in try fixture.values(name).enumerated() {
        let rate = schedule.rate(
          step: step, of: total, validation: Array(validation.prefix(step)))
        #expect(abs(rate - expected) < 1e-6 * 0.5, "\(name) step \(step): \(rate), \(expected)")
      }
    }
  }
}
