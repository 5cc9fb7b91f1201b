import Foundation
import Kernels
import Testing

/// A float function with its true value and what its error may be.
private struct UnaryCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let code: kn_unary_function
  /// In ulp of the true value; 0 is exact.
  let budget: Double
  /// In ulp of the argument besides, where a small result is a difference of larger terms.
  let cancellation: Double
  let reference: @Sendable (Double) -> Double

  init(
    _ name: String, _ code: kn_unary_function, _ budget: Double, cancellation: Double = 0,
    _ reference: @escaping @Sendable (Double) -> Double
  ) {
    (testDescription, self.code, self.budget) = (name, code, budget)
    (self.cancellation, self.reference) = (cancellation, reference)
  }

  static let all = [
    UnaryCase("negate", KN_UNARY_NEGATE, 0) { -$0 },
    UnaryCase("abs", KN_UNARY_ABS, 0) { abs($0) },
    UnaryCase("sign", KN_UNARY_SIGN, 0) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
    UnaryCase("floor", KN_UNARY_FLOOR, 0) { $0.rounded(.down) },
    UnaryCase("square", KN_UNARY_SQUARE, 0.5) { $0 * $0 },
    UnaryCase("sqrt", KN_UNARY_SQRT, 0.5) { $0.squareRoot() },
    UnaryCase("rsqrt", KN_UNARY_RSQRT, 1.5) { 1 / $0.squareRoot() },
    UnaryCase("reciprocal", KN_UNARY_RECIPROCAL, 0.5) { 1 / $0 },
    UnaryCase("exp", KN_UNARY_EXP, 4) { exp($0) },
    UnaryCase("log", KN_UNARY_LOG, 4) { log($0) },
    UnaryCase("sin", KN_UNARY_SIN, 0.6) { sin($0) },
    UnaryCase("cos", KN_UNARY_COS, 0.6) { cos($0) },
    UnaryCase("tanh", KN_UNARY_TANH, 4) { tanh($0) },
    UnaryCase("sigmoid", KN_UNARY_SIGMOID, 4) {
      $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0))
    },
    UnaryCase("erf", KN_UNARY_ERF, 4) { erf($0) },
    UnaryCase("relu", KN_UNARY_RELU, 0) { $0 < 0 ? 0 : $0 },
    UnaryCase("gelu", KN_UNARY_GELU, 4, cancellation: 1) {
      $0 == -.infinity ? 0 : $0 * (0.5 * erfc(-$0 / 2.0.squareRoot()))
    },
    UnaryCase("gelu_tanh", KN_UNARY_GELU_TANH, 4, cancellation: 1) {
      let u = (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)
      return $0 == -.infinity ? 0 : $0 / (1 + exp(-2 * u))
    },
    UnaryCase("softplus", KN_UNARY_SOFTPLUS, 4) { max($0, 0) + log1p(exp(-abs($0))) },
  ]

  func isClose(_ got: Float, at x: Float) -> Bool {
    isCloseUnflushed(got, at: x) || isCloseUnflushed(got, at: flushed(x))
  }

  private func isCloseUnflushed(_ got: Float, at x: Float) -> Bool {
    let truth = reference(Double(x))
    // Terms below the smallest normal float may have been flushed.
    let slack = cancellation * Double(min(abs(x), 1e30).ulp) + 0x1p-126
    return distanceInUlps(got, truth) <= budget || abs(Double(got) - truth) <= slack
  }
}

/// Sizes around the vectors of every instruction set.
let vectorSizes = [0, 1, 15, 16, 17, 33, 1000]

@Suite struct UnaryTests {
  /// Every exponent, both signs, more of them near one.
  private static let sample: [Float] = {
    var numbers = Numbers(seed: 1)
    let anywhere = stride(from: UInt32(0), to: .max - 700_000, by: 699_999).map(
      Float.init(bitPattern:))
    return anywhere + numbers.floats(3000, in: -12...12) + numbers.floats(1000, in: -110...110)
  }()

  private static let special: [Float] = [
    0, -0.0, 1, -1, 0.5, -0.5, 2.5, -2.5, .infinity, -.infinity, .nan, .leastNormalMagnitude,
    -.leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1p23, -0x1p23,
    0x1p22 + 0.5, -0x1p22 - 0.5, 0x1p20, 0x1p31, 1_048_575.9, 88.7, -87.3, 4_194_303.75,
  ]

  private func apply(_ function: kn_unary_function, _ x: [Float], threads: Int = 1) -> [Float] {
    elementwise(kn_unary, Int(function.rawValue), shape: [x.count], [Input(x)], threads: threads)
      .map(Float.init(bitPattern:))
  }

  @Test(arguments: UnaryCase.all)
  private func `every function is within its budget`(function: UnaryCase) {
    withEachInstructionSet { isa in
      let x = Self.sample + Self.special
      for (x, y) in zip(x, apply(function.code, x)) where !function.isClose(y, at: x) {
        let truth = function.reference(Double(x))
        Issue.record("\(name(isa)) at \(x): \(y), not \(truth), \(distanceInUlps(y, truth)) ulp")
        return
      }
    }
  }

  @Test(arguments: UnaryCase.all)
  private func `bits depend on the element alone`(function: UnaryCase) {
    withEachInstructionSet { isa in
      let all = Array(Self.sample.suffix(1000))
      let whole = apply(function.code, all).bits
      for count in vectorSizes {
        for start in [0, 1, 7] where start + count <= all.count {
          let part = Array(all[start..<start + count])
          #expect(
            apply(function.code, part).bits == Array(whole[start..<start + count]),
            "\(name(isa)), \(count) from \(start)")
        }
      }
      for threads in [2, 5] {
        #expect(apply(function.code, all, threads: threads).bits == whole, "\(name(isa))")
      }
      let inPlace = elementwiseInPlace(
        kn_unary, Int(function.code.rawValue), shape: [all.count], [Input(all)])
      #expect(inPlace == whole, "\(name(isa)), in place")
    }
  }

  @Test(arguments: vectorSizes) func `not exchanges false and true`(count: Int) {
    let x = (0..<count).map { Int32($0 % 3 == 0 ? 1 : 0) }
    let y = elementwise(
      kn_unary, Int(KN_UNARY_NOT.rawValue), shape: [count], [Input(x)], threads: 2)
    #expect(y == x.map { $0 == 0 ? 1 : 0 })
  }

  @Test func `every function is tested`() {
    #expect(UnaryCase.all.count + 1 == Int(KN_UNARY_COUNT.rawValue))
  }
}
