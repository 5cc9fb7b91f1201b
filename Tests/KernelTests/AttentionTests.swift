import Kernels
import Testing

@Suite struct AttentionTests {
  /// Sizes around tiles, panels and blocks of keys, with every option somewhere.
  static let problems: [AttentionProblem] = [
    AttentionProblem(queries: 5, keys: 7, width: 3, valueWidth: 2),
    AttentionProblem(queries: 0, keys: 4, width: 4, valueWidth: 4),
    AttentionProblem(queries: 3, keys: 0, width: 4, valueWidth: 4),
    AttentionProblem(
      batch: 2, heads: 3, keyHeads: 3, queries: 33, keys: 130, width: 16, valueWidth: 24,
      isTimeFirst: true),
    AttentionProblem(
      batch: 2, heads: 4, keyHeads: 2, queries: 29, keys: 300, width: 64, valueWidth: 64,
      offset: 271),
    AttentionProblem(
      batch: 3, heads: 2, keyHeads: 1, queries: 150, keys: 150, width: 20, valueWidth: 33,
      offset: 0,
      keyLengths: [150, 0, 77], queryLengths: [149, 150, 20], isTimeFirst: true),
    AttentionProblem(
      batch: 2, heads: 2, keyHeads: 2, queries: 17, keys: 140, width: 32, valueWidth: 32,
      keyLengths: [139, 1], maskKind: .additive, isTimeFirst: true),
    AttentionProblem(
      batch: 2, heads: 2, keyHeads: 2, queries: 17, keys: 40, width: 32, valueWidth: 32, offset: -3,
      maskKind: .select),
    AttentionProblem(heads: 4, keyHeads: 2, queries: 1, keys: 257, width: 64, valueWidth: 64),
    AttentionProblem(batch: 2, queries: 530, keys: 20, width: 8, valueWidth: 8, offset: 0),
    AttentionProblem(
      batch: 2, queries: 7, keys: 150, width: 37, valueWidth: 20, isAdditive: true,
      keyLengths: [150, 64]),
    AttentionProblem(
      batch: 2, queries: 20, keys: 30, width: 64, valueWidth: 48, isAdditive: true,
      maskKind: .select),
    AttentionProblem(
      batch: 70, queries: 1, keys: 13, width: 24, valueWidth: 16, isAdditive: true,
      keyLengths: (0..<70).map { $0 % 14 }),
  ].map { $0.filled() }

  private func distance(_ bits: [UInt32], _ expected: [Double]) -> Double {
    zip(AttentionProblem.Result.floats(bits), expected).reduce(0) {
      max($0, abs(Double($1.0) - $1.1) / (1 + abs($1.1)))
    }
  }

  @Test(arguments: problems.indices)
  func `forward and backward agree with the definition`(index: Int) {
    let problem = Self.problems[index]
    let reference = AttentionReference(problem)
    let (output, weights) = reference.forward()
    let gradients = reference.gradients()
    withEachInstructionSet { isa in
      let result = problem.run(givesGradients: true)
      #expect(result.isIntact, "\(name(isa))")
      #expect(distance(result.output, output) < 1e-5, "\(name(isa))")
      #expect(distance(result.weights, weights) < 1e-5, "\(name(isa))")
      for (gradient, expected) in zip(result.gradients, gradients) {
        #expect(distance(gradient, expected) < 4e-5, "\(name(isa))")
      }
    }
  }

  @Test(arguments: [false, true])
  func `the reference's gradients are its differences`(isAdditive: Bool) {
    let problem = AttentionProblem(
      batch: 2, heads: 2, keyHeads: 1, queries: 3, keys: 4, width: 3, valueWidth: 2,
      isAdditive: isAdditive, offset: 1, keyLengths: [4, 2], maskKind: .additive
    ).filled(seed: 5)
    let reference = AttentionReference(problem)
    let fields: [WritableKeyPath<AttentionReference, [Double]>] = [\.q, \.k, \.v, \.vector]
    for (field, gradient) in zip(fields, reference.gradients()) {
      for index in gradient.indices {
        let losses = [1e-5, -1e-5].map { step in
          var moved = reference
          moved[keyPath: field][index] += step
          return moved.loss
        }
        #expect(abs((losses[0] - losses[1]) / 2e-5 - gradient[index]) < 1e-7)
      }
    }
  }

  @Test(arguments: [false, true])
  func `queries that see nothing give zeros`(isAdditive: Bool) {
    var problem = AttentionProblem(
      batch: 2, queries: 3, keys: 5, width: 4, valueWidth: 4, isAdditive: isAdditive,
      keyLengths: [0, 5], maskKind: .additive
    ).filled()
    problem.mask = problem.mask.map { _ in -.infinity }
    withEachInstructionSet { isa in
      let result = problem.run(givesGradients: true)
      for bits in [result.output, result.weights] + result.gradients {
        #expect(bits.allSatisfy { $0 & 0x7fff_ffff == 0 }, "\(name(isa))")
      }
    }
  }

  @Test(arguments: [false, true])
  func `NaN in what a query sees stays NaN, and goes nowhere else`(isAdditive: Bool) {
    var problem = AttentionProblem(
      heads: 1, queries: 9, keys: 9, width: 16, valueWidth: 8, isAdditive: isAdditive, offset: 0
    ).filled()
    problem.k[6 * problem.width] = .nan
    problem.v[7 * problem.valueWidth] = .infinity
    problem.v[8 * problem.valueWidth] = .nan
    withEachInstructionSet { isa in
      let output = AttentionProblem.Result.floats(problem.run().output)
      for i in 0..<9 {
        let row = output[i * 8..<(i + 1) * 8]
        #expect(row.allSatisfy { $0.isNaN == (i >= 6) }, "\(name(isa)) query \(i)")
      }
    }
  }
}
