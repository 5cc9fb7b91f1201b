import Kernels
import Testing

/// Equal bits, however a query's result is come by.
@Suite struct AttentionInvarianceTests {
  @Test(arguments: AttentionTests.problems.indices)
  func `threads don't change bits`(index: Int) {
    let problem = AttentionTests.problems[index]
    withEachInstructionSet { isa in
      let expected = problem.run(givesGradients: true)
      for threads in [2, 3, 5] {
        let result = problem.run(threads: threads, givesGradients: true)
        #expect(result == expected, "\(name(isa)) \(threads) threads")
      }
    }
  }

  /// Queries `first...` of a problem with one row and one head, with keys up to `keys` of them.
  private func part(_ whole: AttentionProblem, queries: Range<Int>, keys: Int) -> AttentionProblem {
    var part = whole
    (part.queries, part.keys) = (queries.count, keys)
    part.offset = whole.offset.map { $0 + queries.lowerBound }
    let rows = { (x: [Float], rows: Range<Int>, width: Int) in
      Array(x[rows.lowerBound * width..<rows.upperBound * width])
    }
    part.q = rows(whole.q, queries, whole.width)
    part.k = rows(whole.k, 0..<keys, whole.width)
    part.v = rows(whole.v, 0..<keys, whole.valueWidth)
    part.upstream = rows(whole.upstream, queries, whole.valueWidth)
    return part
  }

  @Test(arguments: [false, true])
  func `a query alone has the bits that it has among others`(isAdditive: Bool) {
    let whole = AttentionProblem(
      queries: 300, keys: 300, width: 24, valueWidth: 40, isAdditive: isAdditive, offset: 0
    ).filled()
    withEachInstructionSet { isa in
      let output = whole.run(threads: 2).output
      for i in [0, 1, 15, 127, 128, 129, 255, 256, 299] {
        // As a decoder with a cache has it: no key beyond the query's own.
        let alone = part(whole, queries: i..<i + 1, keys: i + 1).run().output
        #expect(alone == Array(output[i * 40..<(i + 1) * 40]), "\(name(isa)) query \(i)")
      }
    }
  }

  @Test(arguments: [false, true])
  func `padding doesn't change bits`(isAdditive: Bool) {
    let whole = AttentionProblem(
      queries: 21, keys: 290, width: 16, valueWidth: 16, isAdditive: isAdditive
    ).filled()
    withEachInstructionSet { isa in
      for length in [1, 16, 100, 256, 257] {
        var padded = whole
        padded.keyLengths = [length]
        for index in length * 16..<padded.k.count {
          (padded.k[index], padded.v[index]) = (.nan, .nan)
        }
        let expected = part(whole, queries: 0..<21, keys: length).run(givesGradients: true)
        let result = padded.run(givesGradients: true)
        #expect(result.output == expected.output, "\(name(isa)) \(length) keys")
        #expect(result.gradients[0] == expected.gradients[0], "\(name(isa)) \(length) keys")
        for tensor in [1, 2] {
          let (seen, rest) = (
            result.gradients[tensor].prefix(length * 16), result.gradients[tensor][(length * 16)...]
          )
          #expect(Array(seen) == expected.gradients[tensor], "\(name(isa)) \(length) keys")
          #expect(rest.allSatisfy { $0 == 0 }, "\(name(isa)) \(length) keys")
        }
      }
    }
  }

  @Test func `a row and a head alone have the bits that they have among others`() {
    let whole = AttentionTests.problems[3]
    withEachInstructionSet { isa in
      let all = whole.run(threads: 3, givesGradients: true)
      for b in 0..<whole.batch {
        for h in 0..<whole.heads {
          var alone = whole
          (alone.batch, alone.heads, alone.keyHeads) = (1, 1, 1)
          let rows = { (x: [Float], times: Int, width: Int) in
            (0..<times).flatMap { t in
              x[whole.place(b, t, h, times: times, heads: whole.heads, width: width)...]
                .prefix(width)
            }
          }
          alone.q = rows(whole.q, whole.queries, whole.width)
          alone.k = rows(whole.k, whole.keys, whole.width)
          alone.v = rows(whole.v, whole.keys, whole.valueWidth)
          alone.upstream = rows(whole.upstream, whole.queries, whole.valueWidth)
          let result = alone.run(givesGradients: true)
          let floats = AttentionProblem.Result.floats
          let expected = rows(floats(all.output), whole.queries, whole.valueWidth)
          #expect(result.output == expected.bits, "\(name(isa)) row \(b) head \(h)")
          let keys = rows(floats(all.gradients[1]), whole.keys, whole.width)
          #expect(result.gradients[1] == keys.bits, "\(name(isa)) row \(b) head \(h)")
        }
      }
    }
  }
}
