import Foundation
import Kernels
import Testing

private struct SoftmaxCase: Sendable, CustomTestStringConvertible {
  let shape: [Int]
  let kind: kn_softmax_mask
  /// Over the shape; empty without a mask.
  let strides: [Int]

  var testDescription: String { "\(shape), mask \(kind.rawValue) \(strides)" }

  static let all = [
    SoftmaxCase(shape: [3, 0], kind: KN_MASK_NONE, strides: []),
    SoftmaxCase(shape: [0, 3], kind: KN_MASK_ADDITIVE, strides: [3, 1]),
    SoftmaxCase(shape: [1], kind: KN_MASK_NONE, strides: []),
    SoftmaxCase(shape: [15], kind: KN_MASK_NONE, strides: []),
    SoftmaxCase(shape: [4, 16], kind: KN_MASK_ADDITIVE, strides: [16, 1]),
    SoftmaxCase(shape: [4, 17], kind: KN_MASK_ADDITIVE, strides: [0, 1]),
    SoftmaxCase(shape: [7, 33], kind: KN_MASK_SELECT, strides: [33, 1]),
    SoftmaxCase(shape: [5, 1000], kind: KN_MASK_SELECT, strides: [0, 1]),
    // [batch, heads, query, key] with a mask for each batch and key, or batch and query.
    SoftmaxCase(shape: [2, 3, 4, 40], kind: KN_MASK_SELECT, strides: [40, 0, 0, 1]),
    SoftmaxCase(shape: [2, 3, 4, 40], kind: KN_MASK_ADDITIVE, strides: [40, 0, 1, 0]),
    SoftmaxCase(shape: [3, 1100], kind: KN_MASK_SELECT, strides: [1, 3]),
  ]

  var maskCount: Int { zip(shape, strides).reduce(1) { $0 + max($1.0 - 1, 0) * $1.1 } }
}

@Suite struct SoftmaxTests {
  private func softmax(
    _ test: SoftmaxCase, scale: Float, _ x: [Float], mask: [UInt32], isLogarithm: Bool = false,
    threads: Int = 1, inPlace: Bool = false
  ) -> [Float] {
    let input = Guarded(x), masks = Guarded(mask, canary: 0x7fc0_0001)
    let output = inPlace ? input : Guarded(count: x.count)
    run(
      kn_softmax,
      kn_softmax_arguments(
        rank: test.shape.count, shape: eight(test.shape, filler: 0), scale: scale,
        mask_kind: test.kind, mask_strides: eight(test.strides, filler: 0), mask: masks.pointer,
        is_logarithm: isLogarithm ? 1 : 0, x: input.floatPointer, y: output.floatPointer),
      threads: threads)
    #expect(output.isIntact)
    return output.floats
  }

  /// The same in double precision.
  private func truth(
    _ test: SoftmaxCase, scale: Float, _ x: [Float], mask: [UInt32], isLogarithm: Bool
  ) -> [Double] {
    let width = test.shape[test.shape.count - 1]
    var z = zip(indices(test.shape), x).map { index, x in
      let scaled = Double(scale) * Double(x)
      if test.kind == KN_MASK_NONE { return scaled }
      let bits = mask[offset(index, test.strides)]
      if test.kind == KN_MASK_ADDITIVE { return scaled + Double(Float(bitPattern: bits)) }
      return bits != 0 ? scaled : -.infinity
    }
    for start in stride(from: 0, to: z.count, by: max(width, 1)) {
      let row = z[start..<start + width]
      let largest = row.contains { $0.isNaN } ? .nan : row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - largest) }
      for i in row.indices {
        if largest == -.infinity {
          z[i] = isLogarithm ? -.infinity : 0
        } else {
          z[i] = isLogarithm ? z[i] - largest - log(sum) : exp(z[i] - largest) / sum
        }
      }
    }
    return z
  }

  private func mask(_ test: SoftmaxCase, _ numbers: inout Numbers) -> [UInt32] {
    (0..<test.maskCount).map { place in
      if test.kind == KN_MASK_SELECT { return place % 3 == 0 ? 0 : 1 }
      let isHidden = place % 5 == 0
      return (isHidden ? -.infinity : Float.random(in: -2...2, using: &numbers)).bitPattern
    }
  }

  @Test(arguments: SoftmaxCase.all, [false, true])
  private func `rows are weights that sum to one`(test: SoftmaxCase, isLogarithm: Bool) {
    var numbers = Numbers(seed: 6)
    let x = numbers.floats(test.shape.reduce(1, *), in: -20...20)
    let mask = mask(test, &numbers)
    let expected = truth(test, scale: 0.35, x, mask: mask, isLogarithm: isLogarithm)
    withEachInstructionSet { isa in
      let y = softmax(test, scale: 0.35, x, mask: mask, isLogarithm: isLogarithm)
      for (y, truth) in zip(y, expected) {
        // The exponent's own rounding, at most half an ulp of 16, is one of exp's relative ones.
        let slack = isLogarithm ? 4e-6 : abs(truth) * 3e-6 + 0x1p-126
        #expect(
          distanceInUlps(y, truth) == 0 || abs(Double(y) - truth) <= slack,
          "\(name(isa)): \(y), not \(truth)")
      }
      let bits = y.bits
      for threads in [2, 5] {
        let again = softmax(
          test, scale: 0.35, x, mask: mask, isLogarithm: isLogarithm, threads: threads)
        #expect(again.bits == bits, "\(name(isa)), \(threads) threads")
      }
      let inPlace = softmax(
        test, scale: 0.35, x, mask: mask, isLogarithm: isLogarithm, inPlace: true)
      #expect(inPlace.bits == bits, "\(name(isa)), in place")
    }
  }

  @Test(arguments: [1, 15, 16, 17, 33, 1000]) func `a row is the same alone`(width: Int) {
    var numbers = Numbers(seed: 7)
    let x = numbers.floats(9 * width)
    let batch = SoftmaxCase(shape: [9, width], kind: KN_MASK_NONE, strides: [])
    let row = SoftmaxCase(shape: [width], kind: KN_MASK_NONE, strides: [])
    withEachInstructionSet { isa in
      for isLogarithm in [false, true] {
        let whole = softmax(batch, scale: 1, x, mask: [], isLogarithm: isLogarithm).bits
        let rows = (0..<9).flatMap { r in
          let elements = Array(x[r * width..<(r + 1) * width])
          return softmax(row, scale: 1, elements, mask: [], isLogarithm: isLogarithm).bits
        }
        #expect(rows == whole, "\(name(isa))")
      }
    }
  }

  @Test func `hidden rows are zero, NaN spreads over its row, large values stay finite`() {
    let width = 20
    let test = SoftmaxCase(shape: [6, width], kind: KN_MASK_SELECT, strides: [width, 1])
    var x = [Float](repeating: 1, count: 6 * width)
    var mask = [UInt32](repeating: 1, count: 6 * width)
    for i in 0..<width { mask[i] = 0 }
    x[width + 17] = .nan
    (x[2 * width + 3], mask[2 * width + 3]) = (.nan, 0)
    for i in 0..<width { x[3 * width + i] = i == 0 ? 3e38 : -3e38 }
    x[4 * width + 1] = .infinity
    for i in 0..<width { x[5 * width + i] = i == 6 ? .nan : -.infinity }
    withEachInstructionSet { isa in
      let y = softmax(test, scale: 1, x, mask: mask)
      func row(_ r: Int) -> [Float] { Array(y[r * width..<(r + 1) * width]) }
      #expect(row(0).allSatisfy { $0 == 0 }, "\(name(isa)), all hidden")
      #expect(row(1).allSatisfy { $0.isNaN }, "\(name(isa)), NaN")
      #expect(row(2)[3] == 0 && row(2)[4] > 0, "\(name(isa)), hidden NaN")
      #expect(row(3) == [1] + [Float](repeating: 0, count: width - 1), "\(name(isa)), large")
      #expect(row(4).allSatisfy { $0.isNaN }, "\(name(isa)), infinity")
      #expect(row(5).allSatisfy { $0.isNaN }, "\(name(isa)), NaN and nothing else")
      let logarithm = softmax(test, scale: 1, x, mask: mask, isLogarithm: true)
      #expect(logarithm[..<width].allSatisfy { $0 == -.infinity }, "\(name(isa)), logarithm")
    }
  }
}
