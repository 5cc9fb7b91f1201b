import Foundation
import Kernels
import Testing

/// A rule with its numbers, and whether weights decay.
private struct Optimizer: Sendable, CustomTestStringConvertible {
  var rule: kn_optimizer_rule
  var decay = (0.9, 0.999)
  var epsilon = 1e-8
  var weightDecay = 0.0
  var isDecoupled = false

  var stateCount: Int {
    switch rule {
    case KN_OPTIMIZER_SGD: 0
    case KN_OPTIMIZER_ADAM: 2
    default: 1
    }
  }

  var testDescription: String { "rule \(rule.rawValue), decay \(weightDecay) \(isDecoupled)" }

  static let all: [Optimizer] = (0..<KN_OPTIMIZER_COUNT.rawValue).flatMap { rule in
    [(0, false), (0.1, false), (0.1, true)].map { decay, isDecoupled in
      Optimizer(
        rule: kn_optimizer_rule(rule), weightDecay: decay, isDecoupled: isDecoupled)
    }
  }

  /// One element's step in double precision.
  func step(
    _ w: inout Double, _ state: inout [Double], gradient: Double, rate: Double, number: Double
  ) {
    var g = gradient
    if isDecoupled { w -= rate * weightDecay * w } else { g += weightDecay * w }
    switch rule {
    case KN_OPTIMIZER_SGD: w -= rate * g
    case KN_OPTIMIZER_MOMENTUM, KN_OPTIMIZER_NESTEROV:
      state[0] = decay.0 * state[0] + g
      w -= rate * (rule == KN_OPTIMIZER_NESTEROV ? g + decay.0 * state[0] : state[0])
    case KN_OPTIMIZER_RMS_PROP, KN_OPTIMIZER_ADAGRAD:
      let isAdagrad = rule == KN_OPTIMIZER_ADAGRAD
      state[0] = isAdagrad ? state[0] + g * g : decay.0 * state[0] + (1 - decay.0) * g * g
      w -= rate * g / (state[0].squareRoot() + epsilon)
    default:
      state[0] = decay.0 * state[0] + (1 - decay.0) * g
      state[1] = decay.1 * state[1] + (1 - decay.1) * g * g
      let square = state[1] / (1 - pow(decay.1, number))
      w -= rate * state[0] / (1 - pow(decay.0, number)) / (square.squareRoot() + epsilon)
    }
  }
}

@Suite struct OptimizerTests {
  private struct Tensors {
    var w: [Float]
    var state: [[Float]]
    let gradient: [Float]

    init(_ optimizer: Optimizer, rows: Int, width: Int, stride: Int) {
      var numbers = Numbers(seed: 21)
      w = numbers.floats(rows * width)
      state = [
        numbers.floats(rows * width, in: 0...1), numbers.floats(rows * width, in: 0.1...1),
      ].suffix(optimizer.stateCount)
      gradient = numbers.floats(max(0, (rows - 1) * stride + width))
    }
  }

  /// The parameter and the states after a step with rate 0.05 and factor 0.5.
  private func step(
    _ optimizer: Optimizer, _ tensors: Tensors, rows: Int, width: Int, stride: Int,
    number: Float = 3, threads: Int = 1, inPlace: Bool = false
  ) -> [[Float]] {
    withMemory { memory in
      let old = ([tensors.w] + tensors.state).map { memory.guarded($0) }
      let new = inPlace ? old : old.map { _ in memory.guarded(count: rows * width) }
      let state = { (all: [UnsafeMutablePointer<Float>], index: Int) in
        index < all.count ? all[index] : nil
      }
      run(
        kn_optimizer_update,
        kn_optimizer_arguments(
          rule: optimizer.rule, decay: optimizer.decay, epsilon: optimizer.epsilon,
          weight_decay: optimizer.weightDecay, is_decoupled: optimizer.isDecoupled, rows: rows,
          width: width, gradient_row_stride: stride, rate: memory.one(0.05),
          factor: memory.one(0.5), step: memory.one(number),
          gradient: memory.guarded(tensors.gradient), parameter: old[0],
          state: (state(old, 1).map { UnsafePointer($0) }, state(old, 2).map { UnsafePointer($0) }),
          new_parameter: new[0], new_state: (state(new, 1), state(new, 2))), threads: threads)
      #expect(memory.guardsHold)
      return new.map { Array(UnsafeBufferPointer(start: $0, count: rows * width)) }
    }
  }

  @Test(arguments: Optimizer.all)
  private func `steps follow the rule, in place too, on any team`(optimizer: Optimizer) {
    for (rows, width, stride) in [
      (0, 3, 3), (1, 0, 0), (1, 1, 1), (1, 15, 15), (1, 1000, 1000), (3, 16, 16), (5, 17, 40),
      (70, 3, 12),
    ] {
      let tensors = Tensors(optimizer, rows: rows, width: width, stride: stride)
      withEachInstructionSet { isa in
        let results = step(optimizer, tensors, rows: rows, width: width, stride: stride)
        for i in 0..<rows * width {
          var w = Double(tensors.w[i])
          var state = tensors.state.map { Double($0[i]) }
          optimizer.step(
            &w, &state, gradient: 0.5 * Double(tensors.gradient[i / width * stride + i % width]),
            rate: Double(Float(0.05)), number: 3)
          for (result, truth) in zip(results, [w] + state) {
            #expect(abs(Double(result[i]) - truth) <= 2e-6 + 2e-6 * abs(truth), "\(name(isa))")
          }
        }
        for (threads, inPlace) in [(1, true), (2, true), (5, false)] {
          let again = step(
            optimizer, tensors, rows: rows, width: width, stride: stride, threads: threads,
            inPlace: inPlace)
          #expect(again.map(\.bits) == results.map(\.bits), "\(name(isa)), \(threads) threads")
        }
      }
    }
  }

  @Test func `the first step of Adam is the learning rate`() {
    let optimizer = Optimizer(rule: KN_OPTIMIZER_ADAM)
    var tensors = Tensors(optimizer, rows: 1, width: 40, stride: 40)
    tensors.state = tensors.state.map { $0.map { _ in 0 } }
    let results = step(optimizer, tensors, rows: 1, width: 40, stride: 40, number: 1)
    for (new, old) in zip(results[0], tensors.w) {
      #expect(abs(abs(new - old) - 0.05) < 1e-5)
    }
  }
}
