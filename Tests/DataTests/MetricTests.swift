import Foundation
import TestSupport
import Testing

@testable import Sequent

@Suite struct MetricTests {
  private func near(_ first: Double, _ second: Double) -> Bool { abs(first - second) < 1e-12 }

  @Test func meansAreWeighted() {
    var mean = Mean()
    #expect(mean.value.isNaN)
    mean.add(2, weight: 3)
    var other = Mean()
    other.add(6)
    mean.merge(other)
    #expect(mean.value == 3 && mean.weight == 4)
  }

  /// Three labels: 0 expected 3 times (answered 0, 0, 1), 1 twice (1, 2), 2 once (2).
  @Test func labelsAreCountedAsByHand() {
    var matrix = ConfusionMatrix(labelCount: 4)
    for (expected, answer) in [(0, 0), (0, 0), (0, 1), (1, 1), (-1, 3), (1, 2), (2, 2)] {
      matrix.add(expected: expected, answer: answer)
    }
    #expect(matrix.total == 6)
    #expect(near(matrix.accuracy, 4.0 / 6))
    #expect(matrix[expected: 0, answer: 1] == 1 && matrix.support(of: 0) == 3)
    let zero = matrix.score(of: 0)
    #expect(near(zero.precision, 1) && near(zero.recall, 2.0 / 3) && near(zero.f1, 0.8))
    let one = matrix.score(of: 1)
    #expect(near(one.precision, 0.5) && near(one.recall, 0.5) && near(one.f1, 0.5))
    let two = matrix.score(of: 2)
    #expect(near(two.precision, 0.5) && near(two.recall, 1) && near(two.f1, 2.0 / 3))
    #expect(matrix.score(of: 3).f1 == 0)
    // Label 3 never occurs and is no part of the mean.
    #expect(near(matrix.macro.f1, (0.8 + 0.5 + 2.0 / 3) / 3))
    #expect(near(matrix.micro().f1, 4.0 / 6))
    // Without label 0: 2 right of 4 answered and 3 expected.
    let micro = matrix.micro(ignoring: [0])
    #expect(near(micro.precision, 0.5) && near(micro.recall, 2.0 / 3) && near(micro.f1, 4.0 / 7))
  }

  @Test func answersAreTheLargestLogits() {
    var matrix = ConfusionMatrix(labelCount: 2)
    matrix.add(expected: [1, 0, -1, 1], logits: [0, 1, 3, 3, 9, 0, 2, 1])
    #expect(matrix.counts == [1, 0, 1, 1])
    var sum = ConfusionMatrix(labelCount: 2)
    sum.merge(matrix)
    sum.merge(matrix)
    #expect(sum.counts == [2, 0, 2, 2] && sum.accuracy == matrix.accuracy)
  }

  @Test func languageModelsAreScoredInBits() {
    var score = LanguageModelScore()
    score.add(loss: Foundation.log(2), tokens: 30)
    var other = LanguageModelScore()
    other.add(loss: Foundation.log(8), tokens: 10)
    score.merge(other)
    #expect(near(score.lossPerToken, 1.5 * Foundation.log(2)))
    #expect(near(score.perplexity, Foundation.pow(2, 1.5)))
    #expect(near(score.bitsPerCharacter(characters: 120), 0.5))
  }

  @Test func forecastsAreComparedInTheirUnit() {
    var error = ForecastError()
    error.add(forecast: 3, actual: 2)
    error.add(forecast: 1, actual: 4)
    var other = ForecastError()
    other.add(forecast: 2, actual: 0)
    error.merge(other)
    #expect(near(error.meanAbsolute, 2))
    #expect(near(error.rootMeanSquare, (14.0 / 3).squareRoot()))
    #expect(near(error.meanAbsolutePercentage, (0.5 + 0.75) / 2))
  }

  @Test func answersAreHeldAgainstTheNearest() {
    var rate = SequenceErrorRate()
    rate.add(answer: ["K", "AE", "T"], accepted: [["K", "AH", "T", "S"], ["K", "AE", "T"]])
    rate.add(answer: ["B"], accepted: [["B", "IY"]])
    var other = SequenceErrorRate()
    other.add(answer: [] as [String], accepted: [["AA", "R"]])
    other.add(answer: ["AA"], accepted: [])
    rate.merge(other)
    #expect(rate.edits == 3 && rate.tokens == 7 && rate.wrong == 2 && rate.count == 3)
    #expect(near(rate.tokenErrorRate, 3.0 / 7) && near(rate.sequenceErrorRate, 2.0 / 3))
  }

  /// The recursive definition, on short random sequences.
  @Test func editDistanceIsTheShortestWay() {
    func distance(_ first: ArraySlice<Int>, _ second: ArraySlice<Int>) -> Int {
      guard let a = first.first else { return second.count }
      guard let b = second.first else { return first.count }
      let replaced = distance(first.dropFirst(), second.dropFirst()) + (a == b ? 0 : 1)
      return min(
        replaced, distance(first.dropFirst(), second) + 1, distance(first, second.dropFirst()) + 1)
    }
    var random = SplitMix(seed: 8)
    for _ in 0..<100 {
      let first = (0..<random.integer(0...5)).map { _ in random.integer(0...2) }
      let second = (0..<random.integer(0...5)).map { _ in random.integer(0...2) }
      #expect(editDistance(first, second) == distance(first[...], second[...]))
    }
    #expect(editDistance(Array("kitten"), Array("sitting")) == 3)
  }
}
