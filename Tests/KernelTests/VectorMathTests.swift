import Foundation
import Kernels
import Synchronization
import Testing

/// A function of one float, with the true value in double precision.
private struct Function: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let code: kn_function
  let reference: @Sendable (Double) -> Double

  static let all = [
    Function(testDescription: "exp", code: KN_FUNCTION_EXP) { exp($0) },
    Function(testDescription: "tanh", code: KN_FUNCTION_TANH) { tanh($0) },
    Function(testDescription: "sigmoid", code: KN_FUNCTION_SIGMOID) {
      $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0))
    },
    Function(testDescription: "erf", code: KN_FUNCTION_ERF) { erf($0) },
    Function(testDescription: "log", code: KN_FUNCTION_LOG) { log($0) },
    Function(testDescription: "softplus", code: KN_FUNCTION_SOFTPLUS) {
      max($0, 0) + log1p(exp(-abs($0)))
    },
  ]
}

@Suite struct VectorMathTests {
  fileprivate static let exhaustive =
    ProcessInfo.processInfo.environment["SEQUENT_EXHAUSTIVE"] == "1"

  private static let special: [Float] = [
    0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
    .leastNormalMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude, 88.72283, 88.72284, -87.33655, -103.97207, -103.97209, 9.010913,
    0.85, 0.8499999, 3.9192059, 20, -20,
  ]

  private func apply(_ code: kn_function, _ x: [Float]) -> [Float] {
    var y = [Float](repeating: 0, count: x.count)
    kn_apply(code, x.count, x, &y)
    return y
  }

  /// The worst distance over the floats with the given bit patterns, and where it is.
  private func worst(_ function: Function, _ bits: some Sequence<UInt32>) -> (Double, Float) {
    let x = bits.map { Float(bitPattern: $0) }
    var worst = (distance: 0.0, at: Float(0))
    for (x, y) in zip(x, apply(function.code, x)) {
      let distance = distanceInUlps(y, function.reference(Double(x)))
      if distance > worst.distance { worst = (distance, x) }
    }
    return worst
  }

  @Test(arguments: Function.all)
  private func `a sample of all floats is within 4 ulp`(function: Function) {
    withEachInstructionSet { isa in
      let sample = stride(from: UInt32(0), to: .max - 60_000, by: 59_999)
      for bits in [Array(sample), Self.special.map(\.bitPattern)] {
        let (distance, x) = worst(function, bits)
        #expect(distance <= 4, "\(name(isa)) at \(x)")
      }
    }
  }

  /// Minutes per function in a release build.
  @Test(.enabled(if: exhaustive), arguments: Function.all)
  private func `every float is within 4 ulp`(function: Function) {
    withEachInstructionSet { isa in
      let found = Mutex((distance: 0.0, at: Float(0)))
      DispatchQueue.concurrentPerform(iterations: 1 << 16) { block in
        let before = kn_isa_active()
        defer { kn_isa_select(before) }
        kn_isa_select(isa)
        let first = UInt32(block) << 16
        let candidate = worst(function, first...(first | 0xffff))
        found.withLock { if candidate.0 > $0.distance { $0 = candidate } }
      }
      let (distance, x) = found.withLock { $0 }
      print("\(function.testDescription) \(name(isa)): \(distance) ulp at \(x)")
      #expect(distance <= 4, "\(name(isa)) at \(x)")
    }
  }

  @Test(arguments: Function.all)
  private func `zero keeps its sign where the function is odd`(function: Function) {
    withEachInstructionSet { isa in
      let y = apply(function.code, [-0.0])[0]
      if function.reference(0) == 0 { #expect(y == 0 && y.sign == .minus, "\(name(isa))") }
    }
  }

  @Test(arguments: Function.all)
  private func `a tail has the bits of the body and writes nothing more`(function: Function) {
    withEachInstructionSet { isa in
      let x = (0..<64).map { Float($0) * 0.37 - 11 }
      let whole = apply(function.code, x).map(\.bitPattern)
      for count in 0...40 {
        for start in [0, 1, 5] {
          var y = [Float](repeating: 7, count: count + 1)
          x.withUnsafeBufferPointer { x in
            kn_apply(function.code, count, x.baseAddress.map { $0 + start }, &y)
          }
          #expect(y[count] == 7, "\(name(isa)), count \(count)")
          let bits = y[..<count].map(\.bitPattern)
          #expect(bits == Array(whole[start..<(start + count)]), "\(name(isa)), count \(count)")
        }
      }
    }
  }
}
