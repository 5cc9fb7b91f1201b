import Foundation
import Kernels
import Testing

/// A function of two floats with its true value and what its error may be, in ulp.
private struct BinaryCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let code: kn_binary_function
  let budget: Double
  let reference: @Sendable (Double, Double) -> Double

  init(
    _ name: String, _ code: kn_binary_function, _ budget: Double,
    _ reference: @escaping @Sendable (Double, Double) -> Double
  ) {
    (testDescription, self.code) = (name, code)
    (self.budget, self.reference) = (budget, reference)
  }

  static let all = [
    BinaryCase("add", KN_BINARY_ADD, 0.5) { $0 + $1 },
    BinaryCase("subtract", KN_BINARY_SUBTRACT, 0.5) { $0 - $1 },
    BinaryCase("multiply", KN_BINARY_MULTIPLY, 0.5) { $0 * $1 },
    BinaryCase("divide", KN_BINARY_DIVIDE, 0.5) { $0 / $1 },
    BinaryCase("maximum", KN_BINARY_MAXIMUM, 0) {
      $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1)
    },
    BinaryCase("minimum", KN_BINARY_MINIMUM, 0) {
      $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1)
    },
    BinaryCase("power", KN_BINARY_POWER, 0.6) { pow($0, $1) },
  ]
}

/// The same of int32_t, exact.
private struct IntegerCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let code: kn_binary_function
  let reference: @Sendable (Int32, Int32) -> Int32

  static let all = [
    IntegerCase(testDescription: "add", code: KN_BINARY_ADD_I32) { $0 &+ $1 },
    IntegerCase(testDescription: "subtract", code: KN_BINARY_SUBTRACT_I32) { $0 &- $1 },
    IntegerCase(testDescription: "multiply", code: KN_BINARY_MULTIPLY_I32) { $0 &* $1 },
    IntegerCase(testDescription: "divide", code: KN_BINARY_DIVIDE_I32) {
      $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue
    },
    IntegerCase(testDescription: "remainder", code: KN_BINARY_REMAINDER_I32) {
      $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue
    },
    IntegerCase(testDescription: "maximum", code: KN_BINARY_MAXIMUM_I32) { max($0, $1) },
    IntegerCase(testDescription: "minimum", code: KN_BINARY_MINIMUM_I32) { min($0, $1) },
    IntegerCase(testDescription: "and", code: KN_BINARY_AND) { $0 & $1 },
    IntegerCase(testDescription: "or", code: KN_BINARY_OR) { $0 | $1 },
  ]
}

private struct CompareCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let floats: kn_compare_function
  let integers: kn_compare_function
  let reference: @Sendable (Double, Double) -> Bool

  init(
    _ name: String, _ floats: kn_compare_function, _ integers: kn_compare_function,
    _ reference: @escaping @Sendable (Double, Double) -> Bool
  ) {
    (testDescription, self.floats) = (name, floats)
    (self.integers, self.reference) = (integers, reference)
  }

  static let all = [
    CompareCase("equal", KN_COMPARE_EQUAL, KN_COMPARE_EQUAL_I32) { $0 == $1 },
    CompareCase("not equal", KN_COMPARE_NOT_EQUAL, KN_COMPARE_NOT_EQUAL_I32) { $0 != $1 },
    CompareCase("less", KN_COMPARE_LESS, KN_COMPARE_LESS_I32) { $0 < $1 },
    CompareCase("less or equal", KN_COMPARE_LESS_OR_EQUAL, KN_COMPARE_LESS_OR_EQUAL_I32) {
      $0 <= $1
    },
    CompareCase("greater", KN_COMPARE_GREATER, KN_COMPARE_GREATER_I32) { $0 > $1 },
    CompareCase(
      "greater or equal", KN_COMPARE_GREATER_OR_EQUAL, KN_COMPARE_GREATER_OR_EQUAL_I32
    ) { $0 >= $1 },
  ]
}

@Suite struct BinaryTests {
  private static let special: [Float] = [
    0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 2.5, .infinity, -.infinity, .nan, 1e-20, -1e-20, 1e20,
    -1e20, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNormalMagnitude, 16_777_215,
    16_777_216, 1e9, 127.5, 128, -126, -149,
  ]

  private static let (left, right): ([Float], [Float]) = {
    var numbers = Numbers(seed: 2)
    var pairs = special.flatMap { x in special.map { (x, $0) } }
    for _ in 0..<2000 {
      pairs.append((.random(in: -4...4, using: &numbers), .random(in: -9...9, using: &numbers)))
      let large = Float.random(in: 0...40, using: &numbers)
      pairs.append((large, .random(in: -40...40, using: &numbers)))
    }
    return (pairs.map(\.0), pairs.map(\.1))
  }()

  private static let (leftIntegers, rightIntegers): ([Int32], [Int32]) = {
    let values: [Int32] = [0, 1, -1, 2, -2, 7, -7, 100, 65_536, .max, .min, .max - 1, .min + 1]
    let pairs = values.flatMap { x in values.map { (x, $0) } }
    return (pairs.map(\.0), pairs.map(\.1))
  }()

  @Test(arguments: BinaryCase.all)
  private func `every float function is within its budget`(function: BinaryCase) {
    let code = Int(function.code.rawValue)
    withEachInstructionSet { isa in
      let inputs = [Input(Self.left), Input(Self.right)]
      let bits = elementwise(kn_binary, code, shape: [Self.left.count], inputs)
      for (index, bits) in bits.enumerated() {
        let (x, y) = (Self.left[index], Self.right[index])
        let (got, truth) = (Float(bitPattern: bits), function.reference(Double(x), Double(y)))
        let distance = distanceInUlps(got, truth)
        let isFlushed = abs(Double(got) - truth) < 0x1p-126
        if distance > function.budget && !isFlushed {
          Issue.record("\(name(isa)) at \(x), \(y): \(got), not \(truth), \(distance) ulp")
          return
        }
      }
    }
  }

  @Test(arguments: BinaryCase.all)
  private func `bits depend on the elements alone`(function: BinaryCase) {
    let code = Int(function.code.rawValue)
    let (x, y) = (Array(Self.left.suffix(1000)), Array(Self.right.suffix(1000)))
    withEachInstructionSet { isa in
      let whole = elementwise(kn_binary, code, shape: [1000], [Input(x), Input(y)])
      for count in vectorSizes where count <= 990 {
        let part = [Input(Array(x[3..<3 + count])), Input(Array(y[3..<3 + count]))]
        #expect(
          elementwise(kn_binary, code, shape: [count], part) == Array(whole[3..<3 + count]),
          "\(name(isa)), \(count)")
      }
      for threads in [2, 5] {
        let bits = elementwise(
          kn_binary, code, shape: [1000], [Input(x), Input(y)], threads: threads)
        #expect(bits == whole, "\(name(isa)), \(threads) threads")
      }
      let inPlace = elementwiseInPlace(kn_binary, code, shape: [1000], [Input(x), Input(y)])
      #expect(inPlace == whole, "\(name(isa)), in place")
    }
  }

  @Test(arguments: IntegerCase.all)
  private func `integers are exact, wrap around and divide by zero`(function: IntegerCase) {
    let (x, y) = (Self.leftIntegers, Self.rightIntegers)
    let bits = elementwise(
      kn_binary, Int(function.code.rawValue), shape: [x.count], [Input(x), Input(y)], threads: 2)
    #expect(bits.map { Int32(bitPattern: $0) } == zip(x, y).map(function.reference))
  }

  @Test(arguments: CompareCase.all)
  private func `comparisons give zero or one`(function: CompareCase) {
    let floats = elementwise(
      kn_compare, Int(function.floats.rawValue), shape: [Self.left.count],
      [Input(Self.left), Input(Self.right)], threads: 2)
    let truth = zip(Self.left, Self.right).map { function.reference(Double($0), Double($1)) }
    #expect(floats == truth.map { $0 ? 1 : 0 })
    let integers = elementwise(
      kn_compare, Int(function.integers.rawValue), shape: [Self.leftIntegers.count],
      [Input(Self.leftIntegers), Input(Self.rightIntegers)], threads: 2)
    let exact = zip(Self.leftIntegers, Self.rightIntegers)
      .map { function.reference(Double($0), Double($1)) }
    #expect(integers == exact.map { $0 ? 1 : 0 })
  }

  @Test func `every function is tested`() {
    #expect(BinaryCase.all.count + IntegerCase.all.count == Int(KN_BINARY_COUNT.rawValue))
    #expect(2 * CompareCase.all.count == Int(KN_COMPARE_COUNT.rawValue))
  }
}
