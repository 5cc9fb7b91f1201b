import Kernels
import Testing

/// One sum: terms by what they look up in, and what happens to it.
private struct Problem: Sendable, CustomTestStringConvertible {
  struct Term {
    /// The table's rows, or those that repeat.
    let source: [Float]
    let indices: [Int32]?
    let period: Int
    let scale: Float
    var isBfloat16 = false
  }

  static let sourceRows = 9
  var isBfloat16 = false
  var norm = KN_EMBEDDING_LAYER_NORM
  var hasVectors = true
  var keepsSum = true

  var testDescription: String {
    "norm \(norm.rawValue)" + (isBfloat16 ? ", bfloat16" : "") + (hasVectors ? ", vectors" : "")
      + (keepsSum ? ", sum" : "")
  }

  static let all = [
    Problem(), Problem(isBfloat16: true), Problem(hasVectors: false, keepsSum: false),
    Problem(norm: KN_EMBEDDING_RMS_NORM), Problem(norm: KN_EMBEDDING_SUM, hasVectors: false),
    Problem(isBfloat16: true, norm: KN_EMBEDDING_RMS_NORM, hasVectors: false, keepsSum: false),
  ]

  /// A scaled table by an index of each row, one by an index of every third row, rows that repeat, and
  /// one row for all.
  func terms(rows: Int, width: Int) -> [Term] {
    var numbers = Numbers(seed: 21)
    let table = { (numbers: inout Numbers) in
      numbers.floats(Self.sourceRows * width).map { isBfloat16 ? roundedToBfloat16($0) : $0 }
    }
    let indices = { (count: Int, step: Int) in
      (0..<count).map { Int32(($0 * step + 2) % Self.sourceRows) }
    }
    return [
      Term(
        source: table(&numbers), indices: indices(rows, 5), period: rows, scale: 2.7,
        isBfloat16: isBfloat16),
      Term(
        source: table(&numbers), indices: indices(3, 4), period: 3, scale: 1,
        isBfloat16: isBfloat16),
      Term(source: numbers.floats(3 * width), indices: nil, period: 3, scale: 0.3),
      Term(source: numbers.floats(width), indices: nil, period: 1, scale: 1),
    ]
  }
}

@Suite struct EmbeddingTests {
  private struct Result {
    var y: [Float] = [], sum: [Float] = []
    var bad: [UInt64?] = []
  }

  /// The results for some rows; terms that have a row for each get those rows' indices.
  private func run(
    _ problem: Problem, _ terms: [Problem.Term], rows: Range<Int>, width: Int, threads: Int = 1
  ) -> Result {
    withMemory { memory in
      var (y, sum) = (Guarded<UInt32>?.none, Guarded<UInt32>?.none)
      var arguments = kn_embedding_arguments()
      (arguments.rows, arguments.width) = (rows.count, width)
      (arguments.norm, arguments.epsilon) = (problem.norm, 1e-5)
      arguments.term_count = terms.count
      var statuses: [UnsafeMutablePointer<kn_index_status>?] = []
      let terms = terms.map { term in
        var result = kn_embedding_term()
        let source = memory.guarded(term.source)
        result.source = UnsafeRawPointer(source)
        if term.isBfloat16 {
          let halves = memory.array([UInt16](repeating: 0, count: term.source.count))
          var team = kn_team(index: 0, count: 1, barrier: nil)
          kn_round_table_share(source, term.source.count, halves, &team)
          result.source = UnsafeRawPointer(halves)
        }
        let isPerRow = term.period > 3
        // A row alone begins where its turn of the shorter terms does.
        let first = isPerRow ? rows.lowerBound : rows.lowerBound % term.period
        let count = isPerRow ? rows.count : term.period
        let order = (0..<count).map { (first + $0) % term.period }
        if let indices = term.indices {
          result.indices = UnsafePointer(memory.array(order.map { indices[$0] }))
          result.status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
        } else if !term.isBfloat16 {
          let turned = order.flatMap { term.source[$0 * width..<($0 + 1) * width] }
          result.source = UnsafeRawPointer(memory.guarded(turned))
        }
        statuses.append(result.status)
        result.source_rows = Problem.sourceRows
        (result.period, result.scale, result.is_bfloat16) = (count, term.scale, term.isBfloat16)
        return result
      }
      arguments.terms = eight(terms, filler: kn_embedding_term())
      var numbers = Numbers(seed: 22)
      if problem.hasVectors {
        arguments.weight = UnsafePointer(memory.guarded(numbers.floats(width, in: 0.5...2)))
        arguments.bias = UnsafePointer(memory.guarded(numbers.floats(width)))
      }
      if problem.norm != KN_EMBEDDING_SUM { y = Guarded(count: rows.count * width) }
      if problem.keepsSum { sum = Guarded(count: rows.count * width) }
      (arguments.y, arguments.sum) = (y?.floatPointer, sum?.floatPointer)
      KernelTests.run(kn_embedding, arguments, threads: threads)
      #expect(memory.guardsHold && y?.isIntact != false && sum?.isIntact != false)
      let bad = statuses.map { $0.map(\.pointee.first) }
      return Result(y: y?.floats ?? [], sum: sum?.floats ?? [], bad: bad)
    }
  }

  /// Sum and result in double precision.
  private func truth(
    _ problem: Problem, _ terms: [Problem.Term], rows: Int, width: Int
  ) -> (y: [Double], sum: [Double]) {
    var numbers = Numbers(seed: 22)
    let weight = problem.hasVectors ? numbers.floats(width, in: 0.5...2) : []
    let bias = problem.hasVectors ? numbers.floats(width) : []
    var (sums, results): ([Double], [Double]) = ([], [])
    for row in 0..<rows {
      var sum = [Double](repeating: 0, count: width)
      for term in terms {
        let place = row % term.period
        let source = term.indices.map { Int($0[place]) } ?? place
        for i in 0..<width {
          sum[i] += Double(term.scale) * Double(term.source[source * width + i])
        }
      }
      sums += sum
      let isCentered = problem.norm == KN_EMBEDDING_LAYER_NORM
      let mean = isCentered ? sum.reduce(0, +) / Double(width) : 0
      let variance = sum.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for i in 0..<width {
        let y = (sum[i] - mean) / (variance + 1e-5).squareRoot()
        results.append(problem.hasVectors ? y * Double(weight[i]) + Double(bias[i]) : y)
      }
    }
    return (results, sums)
  }

  @Test(arguments: Problem.all, vectorSizes)
  private func `rows are added up and normalised, the same in every batch and team`(
    problem: Problem, width: Int
  ) {
    let rows = 7
    let terms = problem.terms(rows: rows, width: width)
    let expected = truth(problem, terms, rows: rows, width: width)
    withEachInstructionSet { isa in
      let result = run(problem, terms, rows: 0..<rows, width: width)
      for (y, truth) in zip(result.y, expected.y) {
        #expect(abs(Double(y) - truth) <= 2e-5, "\(name(isa)): \(y), not \(truth)")
      }
      for (sum, truth) in zip(result.sum, expected.sum) {
        #expect(abs(Double(sum) - truth) <= 4e-6, "\(name(isa)): \(sum), not \(truth)")
      }
      #expect(result.bad == [KN_NO_BAD_INDEX, KN_NO_BAD_INDEX, nil, nil])
      for threads in [2, 5] {
        let again = run(problem, terms, rows: 0..<rows, width: width, threads: threads)
        #expect(again.y.bits == result.y.bits, "\(name(isa)), \(threads) threads")
        #expect(again.sum.bits == result.sum.bits, "\(name(isa)), \(threads) threads")
      }
      let alone = (0..<rows).map { run(problem, terms, rows: $0..<$0 + 1, width: width) }
      #expect(alone.flatMap(\.y).bits == result.y.bits, "\(name(isa)), alone")
      #expect(alone.flatMap(\.sum).bits == result.sum.bits, "\(name(isa)), alone")
    }
  }

  @Test(arguments: [1, 15, 33, 100])
  func `bits are those of the kernels one after the other`(width: Int) {
    let (rows, problem) = (5, Problem())
    let terms = problem.terms(rows: rows, width: width)
    withEachInstructionSet { isa in
      let sums = (0..<rows * width).map { element in
        let (row, column) = (element / width, element % width)
        return terms.reduce(nil) { (sum: Float?, term) in
          let place = row % term.period
          let source = term.indices.map { Int($0[place]) } ?? place
          let product = term.source[source * width + column] * term.scale
          return sum.map { $0 + product } ?? product
        } ?? 0
      }
      let result = run(problem, terms, rows: 0..<rows, width: width)
      #expect(result.sum.bits == sums.bits, "\(name(isa))")
      var numbers = Numbers(seed: 22)
      let (x, y) = (Guarded(sums), Guarded(count: rows * width))
      let weight = Guarded(numbers.floats(width, in: 0.5...2))
      let bias = Guarded(numbers.floats(width))
      KernelTests.run(
        kn_layer_norm,
        kn_normalization_arguments(
          rows: rows, width: width, epsilon: 1e-5, x: x.floatPointer, residual: nil,
          weight: weight.floatPointer, bias: bias.floatPointer, sum: nil, y: y.floatPointer))
      #expect(result.y.bits == y.floats.bits, "\(name(isa))")
    }
  }

  @Test func `a single row is copied as it is, denormals and NaN too`() {
    let source: [Float] = [0x1p-140, -0, .nan, .infinity, 3]
    let term = Problem.Term(source: source, indices: nil, period: 1, scale: 1)
    withEachInstructionSet { isa in
      let problem = Problem(norm: KN_EMBEDDING_SUM, hasVectors: false)
      let result = run(problem, [term], rows: 0..<3, width: 5)
      #expect(result.sum.bits == (0..<3).flatMap { _ in source }.bits, "\(name(isa))")
    }
  }

  @Test func `NaN stays in its row`() {
    let problem = Problem(hasVectors: false)
    var source = [Float](repeating: 1, count: Problem.sourceRows * 20)
    source[4 * 20 + 7] = .nan
    let term = Problem.Term(source: source, indices: [1, 2, 4, 3], period: 4, scale: 1)
    withEachInstructionSet { isa in
      let result = run(problem, [term], rows: 0..<4, width: 20)
      #expect(result.y.map(\.isNaN) == (0..<80).map { (40..<60).contains($0) }, "\(name(isa))")
    }
  }

  @Test(arguments: [1, 2, 5])
  func `bad indices add nothing, and the first of every term is told`(threads: Int) {
    let problem = Problem(norm: KN_EMBEDDING_SUM, hasVectors: false)
    let source = (0..<Problem.sourceRows * 2).map(Float.init)
    let terms = [
      Problem.Term(source: source, indices: [0, 1, -3, 9], period: 4, scale: 1),
      Problem.Term(source: source, indices: [2, 70_000], period: 2, scale: 1),
    ]
    withEachInstructionSet { isa in
      let result = run(problem, terms, rows: 0..<4, width: 2, threads: threads)
      #expect(result.sum == [4, 6, 2, 3, 4, 5, 0, 0], "\(name(isa))")
      let minusThree = UInt64(UInt32(bitPattern: -3))
      #expect(result.bad == [2 << 32 | minusThree, 1 << 32 | 70_000], "\(name(isa))")
    }
  }

  @Test func `nothing comes of no rows and no columns`() {
    withEachInstructionSet { _ in
      for (rows, width) in [(0, 5), (4, 0), (0, 0)] {
        let problem = Problem()
        let terms = problem.terms(rows: max(rows, 1), width: width)
        #expect(run(problem, terms, rows: 0..<rows, width: width, threads: 2).y.isEmpty)
      }
    }
  }
}
