import Foundation
import Testing

@testable import Sequent

@Suite struct SamplerTests {
  /// Logits whose softmax is 0.5, 0.25, 0.125, 0.0625, 0.0625.
  private static let logits: [Float] = [0.5, 0.25, 0.125, 0.0625, 0.0625].map { Foundation.log($0) }

  private static func sampling(_ change: (inout Sampling) -> Void) -> Sampling {
    var sampling = Sampling()
    change(&sampling)
    return sampling
  }

  private static func draws(
    _ sampling: Sampling, _ logits: [Float] = logits, after tokens: [Int32] = [],
    count: Int = 20_000
  ) throws -> [Int32] {
    var sampler = try Sampler(sampling)
    return try (0..<count).map { _ in try sampler.next(logits.span, after: tokens) }
  }

  /// Pearson's χ² of draws against probabilities; infinite when something impossible was drawn.
  private static func chiSquare(_ draws: [Int32], _ probabilities: [Double]) -> Double {
    probabilities.indices.map { token in
      let (seen, wanted) = (
        Double(draws.count { $0 == token }), probabilities[token] * Double(draws.count)
      )
      return wanted > 0 ? (seen - wanted) * (seen - wanted) / wanted : seen > 0 ? .infinity : 0
    }.reduce(0, +)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let change: @Sendable (inout Sampling) -> Void
    let probabilities: [Double]
  }

  /// What is left of the distribution by each filter's formula.
  static let cases: [Case] = [
    Case(
      testDescription: "as it is", change: { _ in },
      probabilities: [0.5, 0.25, 0.125, 0.0625, 0.0625]),
    // p^(1/T), normalised.
    Case(
      testDescription: "temperature 0.5", change: { $0.temperature = 0.5 },
      probabilities: [64, 16, 4, 1, 1].map { $0 / 86 }),
    Case(
      testDescription: "top-k 2", change: { $0.topK = 2 },
      probabilities: [2.0 / 3, 1.0 / 3, 0, 0, 0]),
    Case(
      testDescription: "top-k of equals keeps the first", change: { $0.topK = 4 },
      probabilities: [8, 4, 2, 1, 0].map { $0 / 15 }),
    Case(
      testDescription: "top-k above the vocabulary", change: { $0.topK = 99 },
      probabilities: [0.5, 0.25, 0.125, 0.0625, 0.0625]),
    Case(
      testDescription: "top-p 0.7", change: { $0.topP = 0.7 },
      probabilities: [2.0 / 3, 1.0 / 3, 0, 0, 0]),
    Case(
      testDescription: "top-p 0.9", change: { $0.topP = 0.9 },
      probabilities: [8, 4, 2, 1, 0].map { $0 / 15 }),
    Case(
      testDescription: "top-p next to nothing", change: { $0.topP = 1e-300 },
      probabilities: [1, 0, 0, 0, 0]),
    Case(
      testDescription: "min-p 0.2", change: { $0.minP = 0.2 },
      probabilities: [4, 2, 1, 0, 0].map { $0 / 7 }),
    Case(testDescription: "min-p 1", change: { $0.minP = 1 }, probabilities: [1, 0, 0, 0, 0]),
    // Top-k leaves 4/7, 2/7, 1/7, of which the first two are at least 0.8.
    Case(
      testDescription: "top-k before top-p",
      change: {
        $0.topK = 3
        $0.topP = 0.8
      }, probabilities: [2.0 / 3, 1.0 / 3, 0, 0, 0]),
    // At temperature 0.5 the first two have 80/86: min-p works on those.
    Case(
      testDescription: "temperature before min-p",
      change: {
        $0.temperature = 0.5
        $0.minP = 0.2
      }, probabilities: [0.8, 0.2, 0, 0, 0]),
  ]

  @Test(arguments: cases) func drawsTheDistribution(_ test: Case) throws {
    let draws = try Self.draws(Self.sampling(test.change))
    // 18.5 is passed once in a thousand times with four degrees of freedom.
    #expect(Self.chiSquare(draws, test.probabilities) < 18.5)
  }

  @Test func repetitionPenaltyDividesOrMultiplies() throws {
    let sampling = Self.sampling {
      $0.repetitionPenalty = 2
      $0.repetitionWindow = 2
    }
    let logits: [Float] = [2, -1, 2, 0]
    let draws = try Self.draws(sampling, logits, after: [2, 0, 1, 1, 0])
    let weights = [1, -2, 2, 0].map { (logit: Double) in Foundation.exp(logit) }
    let sum = weights.reduce(0, +)
    #expect(Self.chiSquare(draws, weights.map { $0 / sum }) < 16.3)
  }

  @Test func topKOfOneIsGreedy() throws {
    var generator = CounterGenerator(seed: 4, stream: "logits")
    for _ in 0..<200 {
      // Few different values: there are equals.
      let logits = (0..<17).map { _ in Float(generator.next() % 8) }
      let one = Self.sampling { $0.topK = 1 }
      let draws = try Self.draws(one, logits, count: 5)
      let best = try #require(logits.firstIndex(of: logits.max() ?? 0))
      #expect(draws == Array(repeating: Int32(best), count: 5))
      #expect(try Self.draws(.greedy, logits, count: 1) == [Int32(best)])
    }
  }

  @Test func topKKeepsTheBestOfMany() throws {
    var generator = CounterGenerator(seed: 5, stream: "logits")
    let logits = (0..<500).map { _ in Float(generator.normal()) }
    let best = logits.indices.sorted { logits[$0] > logits[$1] }
    for count in [2, 7, 40] {
      let sampling = Self.sampling {
        $0.topK = count
        $0.temperature = 10
      }
      let drawn = Set(try Self.draws(sampling, logits, count: 4000))
      #expect(drawn == Set(best.prefix(count).map { Int32($0) }))
    }
  }

  @Test func sameSeedDrawsTheSame() throws {
    let draws = try (0..<2).map { _ in try Self.draws(Self.sampling { $0.seed = 7 }, count: 100) }
    #expect(draws[0] == draws[1])
    #expect(try Self.draws(Self.sampling { $0.seed = 8 }, count: 100) != draws[0])
    var other = try Sampler(Self.sampling { $0.seed = 7 }, stream: "other")
    #expect(try (0..<100).map { _ in try other.next(Self.logits.span, after: []) } != draws[0])
  }

  @Test func excludedTokensAreNeverChosen() throws {
    var sampler = try Sampler(Sampling(), excluding: [0, 3])
    let drawn = try (0..<500).map { _ in try sampler.next(Self.logits.span, after: []) }
    #expect(Set(drawn) == [1, 2, 4])
    var greedy = try Sampler(.greedy, excluding: [0])
    #expect(try greedy.next(Self.logits.span, after: []) == 1)
  }

  @Test func infinitiesAreProbabilitiesToo() throws {
    let infinity = Float.infinity
    #expect(try Set(Self.draws(Sampling(), [-infinity, 1, -infinity], count: 50)) == [1])
    #expect(try Set(Self.draws(Sampling(), [3, infinity, 0, infinity], count: 50)) == [1, 3])
    let tiny = Self.sampling { $0.temperature = 1e-300 }
    #expect(try Set(Self.draws(tiny, [3, 3.1, 3.1], count: 50)) == [1, 2])
  }

  @Test func logitsThatAreNoNumbersAreErrors() throws {
    let nan = try #require(throws: GenerationError.self) { try Self.draws(.greedy, [0, .nan]) }
    #expect(nan.message == "the model's logit of token 1 is NaN")
    #expect(throws: GenerationError.self) { try Self.draws(Sampling(), [-.infinity]) }
    #expect(throws: GenerationError.self) { try LogProbabilities([.infinity].span) }
    #expect(throws: GenerationError.self) { try LogProbabilities([0, .nan].span) }
  }

  @Test(
    arguments: [
      { $0.temperature = -1 }, { $0.temperature = .nan }, { $0.topK = 0 }, { $0.topP = 0 },
      { $0.topP = 1.1 }, { $0.minP = -0.1 }, { $0.minP = 1.1 }, { $0.repetitionPenalty = 0 },
      { $0.repetitionWindow = -1 },
    ] as [@Sendable (inout Sampling) -> Void])
  func numbersThatMakeNoSenseAreErrors(_ change: @Sendable (inout Sampling) -> Void) throws {
    #expect(throws: GenerationError.self) { try Sampler(Self.sampling(change)) }
  }
}
