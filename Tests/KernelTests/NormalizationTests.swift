import Kernels
import Testing

/// Which of the optional operands a call has, and where its output goes.
private struct Options: Sendable, CustomTestStringConvertible {
  var isCentered = true
  var hasResidual = false
  var hasAffine = true
  var keepsSum = false
  var inPlace = false

  var testDescription: String {
    (isCentered ? "layer" : "rms") + (hasResidual ? " residual" : "") + (hasAffine ? " affine" : "")
      + (keepsSum ? " sum" : "") + (inPlace ? " in place" : "")
  }

  static let all = [true, false].flatMap { centered in
    [
      Options(isCentered: centered), Options(isCentered: centered, hasAffine: false),
      Options(isCentered: centered, inPlace: true),
      Options(isCentered: centered, hasResidual: true),
      Options(isCentered: centered, hasResidual: true, inPlace: true),
      Options(isCentered: centered, hasResidual: true, keepsSum: true),
    ]
  }
}

@Suite struct NormalizationTests {
  private struct Operands {
    let x, residual, weight, bias: [Float]

    init(rows: Int, width: Int, center: Float = 0) {
      var numbers = Numbers(seed: 8)
      x = numbers.floats(rows * width, in: center - 3...center + 3)
      residual = numbers.floats(rows * width)
      weight = numbers.floats(width, in: 0.5...2)
      bias = numbers.floats(width)
    }
  }

  private func normalize(
    _ options: Options, rows: Range<Int>, width: Int, _ operands: Operands, threads: Int = 1
  ) -> (y: [Float], sum: [Float]) {
    let part = rows.lowerBound * width..<rows.upperBound * width
    let x = Guarded(Array(operands.x[part])), residual = Guarded(Array(operands.residual[part]))
    let weight = Guarded(operands.weight), bias = Guarded(operands.bias)
    let sum = Guarded(count: part.count)
    let y = options.inPlace ? x : Guarded(count: part.count)
    run(
      options.isCentered ? kn_layer_norm : kn_rms_norm,
      kn_normalization_arguments(
        rows: rows.count, width: width, epsilon: 1e-5, x: x.floatPointer,
        residual: options.hasResidual ? residual.floatPointer : nil,
        weight: options.hasAffine ? weight.floatPointer : nil,
        bias: options.hasAffine ? bias.floatPointer : nil,
        sum: options.keepsSum ? sum.floatPointer : nil, y: y.floatPointer), threads: threads)
    #expect(y.isIntact && sum.isIntact)
    return (y.floats, sum.floats)
  }

  private func truth(_ options: Options, width: Int, _ operands: Operands) -> [Double] {
    var y = operands.x.map(Double.init)
    if options.hasResidual {
      for i in y.indices { y[i] = Double(operands.x[i] + operands.residual[i]) }
    }
    for start in stride(from: 0, to: y.count, by: max(width, 1)) {
      let row = y[start..<start + width]
      let mean = options.isCentered ? row.reduce(0, +) / Double(width) : 0
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for i in 0..<width {
        y[start + i] = (y[start + i] - mean) / (variance + 1e-5).squareRoot()
        if options.hasAffine {
          y[start + i] = y[start + i] * Double(operands.weight[i]) + Double(operands.bias[i])
        }
      }
    }
    return y
  }

  @Test(arguments: Options.all, vectorSizes)
  private func `rows are normalised, and the same in every batch and team`(
    options: Options, width: Int
  ) {
    let operands = Operands(rows: 7, width: width)
    let expected = truth(options, width: width, operands)
    withEachInstructionSet { isa in
      let (y, sum) = normalize(options, rows: 0..<7, width: width, operands)
      for (y, truth) in zip(y, expected) {
        #expect(abs(Double(y) - truth) <= 4e-6, "\(name(isa)): \(y), not \(truth)")
      }
      if options.keepsSum { #expect(sum == zip(operands.x, operands.residual).map { $0 + $1 }) }
      for threads in [2, 5] {
        let again = normalize(options, rows: 0..<7, width: width, operands, threads: threads)
        #expect(again.y.bits == y.bits, "\(name(isa)), \(threads) threads")
      }
      let alone = (0..<7).flatMap { row in
        normalize(options, rows: row..<row + 1, width: width, operands).y.bits
      }
      #expect(alone == y.bits, "\(name(isa)), alone")
    }
  }

  @Test func `a mean far from zero does not cancel`() {
    let operands = Operands(rows: 1, width: 1000, center: 10_000)
    let options = Options(hasAffine: false)
    let expected = truth(options, width: 1000, operands)
    withEachInstructionSet { isa in
      let y = normalize(options, rows: 0..<1, width: 1000, operands).y
      // The mean itself has an ulp of 1/1024, which moves all values alike.
      for (y, truth) in zip(y, expected) {
        #expect(abs(Double(y) - truth) <= 1e-3, "\(name(isa)): \(y), not \(truth)")
      }
    }
  }

  @Test func `NaN stays in its row`() {
    for isCentered in [true, false] {
      let options = Options(isCentered: isCentered, hasAffine: false)
      var x = [Float](repeating: 2, count: 60)
      x[25] = .nan
      let input = Guarded(x), output = Guarded(count: 60)
      run(
        options.isCentered ? kn_layer_norm : kn_rms_norm,
        kn_normalization_arguments(
          rows: 3, width: 20, epsilon: 1e-5, x: input.floatPointer, residual: nil, weight: nil,
          bias: nil, sum: nil, y: output.floatPointer))
      #expect(output.floats.map(\.isNaN) == (0..<60).map { (20..<40).contains($0) })
    }
  }

  /// Gradients by their definition, in double precision.
  private func trueGradients(
    isCentered: Bool, hasWeight: Bool, width: Int, _ x: [Float], _ weight: [Float], _ dy: [Float]
  ) -> (x: [Double], weight: [Double], bias: [Double]) {
    var dx: [Double] = [], weights = [Double](repeating: 0, count: width), biases = weights
    for start in stride(from: 0, to: x.count, by: max(width, 1)) {
      var row = x[start..<start + width].map(Double.init)
      let upstream = dy[start..<start + width].map(Double.init)
      let mean = isCentered ? row.reduce(0, +) / Double(width) : 0
      row = row.map { $0 - mean }
      let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-5).squareRoot()
      row = row.map { $0 * scale }
      let g = (0..<width).map { upstream[$0] * (hasWeight ? Double(weight[$0]) : 1) }
      let center = isCentered ? g.reduce(0, +) / Double(width) : 0
      let slope = zip(g, row).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      for i in 0..<width {
        dx.append(scale * (g[i] - center - row[i] * slope))
        weights[i] += upstream[i] * row[i]
        biases[i] += upstream[i]
      }
    }
    return (dx, weights, biases)
  }

  @Test(arguments: [true, false], vectorSizes)
  func `gradients are the definition's, the same in every team`(isCentered: Bool, width: Int) {
    var numbers = Numbers(seed: 9)
    let x = numbers.floats(7 * width), dy = numbers.floats(7 * width)
    let weight = numbers.floats(width, in: 0.5...2)
    for hasWeight in [true, false] {
      let truth = trueGradients(
        isCentered: isCentered, hasWeight: hasWeight, width: width, x, weight, dy)
      withEachInstructionSet { isa in
        var first: [[UInt32]] = []
        for threads in [1, 2, 5] {
          let (source, upstream, vector) = (Guarded(x), Guarded(dy), Guarded(weight))
          let results = [7 * width, width, width].map { Guarded(count: $0) }
          let statistics = Guarded(count: kn_normalization_gradient_workspace_size(7))
          run(
            kn_normalization_gradient,
            kn_normalization_gradient_arguments(
              rows: 7, width: width, epsilon: 1e-5, is_centered: isCentered,
              x: source.floatPointer, weight: hasWeight ? vector.floatPointer : nil,
              dy: upstream.floatPointer, dx: results[0].floatPointer,
              weight_gradient: hasWeight ? results[1].floatPointer : nil,
              bias_gradient: results[2].floatPointer, statistics: statistics.floatPointer),
            threads: threads)
          for guarded in results + [statistics] { #expect(guarded.isIntact) }
          let expected = [truth.x, hasWeight ? truth.weight : [], truth.bias]
          for (result, expected) in zip(results, expected) {
            for (value, truth) in zip(result.floats, expected) {
              let error = abs(Double(value) - truth)
              #expect(error <= 1e-5 * (1 + abs(truth)) * 4, "\(name(isa)): \(value), not \(truth)")
            }
          }
          if first.isEmpty { first = results.map { $0.floats.bits } }
          #expect(results.map { $0.floats.bits } == first, "\(name(isa)), \(threads) threads")
        }
      }
    }
  }
}
