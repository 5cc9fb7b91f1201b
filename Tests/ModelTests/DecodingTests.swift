import Foundation
import SequentCompiler
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

@Suite struct DecodingTests {
  /// Sources of 0 to 17 tokens, in no order.
  private static let sources: [[Int32]] = [5, 1, 17, 0, 9, 3, 3, 12, 1, 2, 7, 4].enumerated().map {
    index, length in (0..<length).map { Int32(($0 * 7 + index * 5) % 12) }
  }

  private static func decoder(
    _ model: DecodingModel = .recurrent, threads: Int? = nil
  ) throws -> SequenceDecoder {
    let model = try model.compiled()
    return try SequenceDecoder(model.executable, target: Translator.target, threads: threads)
  }

  private static func all() -> [DecodingOptions] {
    var greedy = DecodingOptions()
    greedy.recordsAttention = true
    var beam = DecodingOptions.beam(4, best: 3)
    (beam.recordsAttention, beam.coveragePenalty, beam.maximumLength) = (true, 0.3, 14)
    var samples = DecodingOptions()
    (samples.sampling, samples.count, samples.prefix) = (Sampling(), 3, [5, 4])
    samples.sampling.temperature = 0.9
    return [greedy, beam, samples]
  }

  @Test(arguments: DecodingModel.allCases)
  func `a batch is one at a time, bit for bit, in any order, on any threads`(_ model: DecodingModel)
    throws
  {
    let decoder = try Self.decoder(model, threads: 1)
    for options in Self.all() {
      let alone = try Self.sources.map { try decoder.decode([$0], options)[0] }
      #expect(alone.allSatisfy { $0.count == options.count })
      #expect(Set(alone.map { $0[0].tokens }).count > 2, "answers differ")
      for threads in [1, 2, 5] {
        let together = try Self.decoder(model, threads: threads)
        #expect(try together.decode(Self.sources, options) == alone)
        #expect(
          try together.decode(Self.sources.reversed(), options) == Array(alone.reversed()))
      }
    }
    #expect(try decoder.decode([], DecodingOptions()).isEmpty)
  }

  @Test(arguments: DecodingModel.allCases)
  func `a beam of one is greedy`(_ model: DecodingModel) throws {
    let decoder = try Self.decoder(model)
    let greedy = try decoder.decode(Self.sources)
    #expect(try decoder.decode(Self.sources, .beam(1)) == greedy)
    #expect(try decoder.greedy(Self.sources) == greedy.map { $0[0].tokens })
    var first = DecodingOptions()
    (first.sampling, first.sampling.topK) = (Sampling(), 1)
    #expect(try decoder.decode(Self.sources, first) == greedy)
    #expect(greedy.contains { $0[0].isComplete } && greedy.contains { !$0[0].isComplete })
    for (source, answer) in zip(Self.sources, greedy) where !answer[0].isComplete {
      #expect(answer[0].tokens.count == 2 * source.count + 10)
    }
  }

  @Test(arguments: DecodingModel.allCases)
  func `scores are what scoring the answers gives`(_ model: DecodingModel) throws {
    let compiled = try model.compiled()
    let scorer = try SequenceScorer(compiled.executable, target: Translator.target)
    let decoder = try Self.decoder(model)
    for options in Self.all() {
      let answers = try decoder.decode(Self.sources, options)
      let pairs = zip(Self.sources, answers).flatMap { source, found in found.map { (source, $0) } }
      let scores = try scorer.logProbabilities(pairs.map(\.0), pairs.map(\.1.tokens))
      for ((source, answer), scores) in zip(pairs, scores) {
        let wanted = (answer.isComplete ? scores : scores.dropLast()).reduce(0, +)
        #expect(abs(answer.logProbability - wanted) <= 1e-5 * abs(wanted), "\(source)")
        let again = try scorer.score([source], [answer.tokens])
        #expect(again[0] == scores.reduce(0, +), "alone as among others")
      }
    }
  }

  @Test(arguments: [0, 0.6, 1, 2]) func `a wide beam finds the best of all answers`(
    penalty: Double
  ) throws {
    let model = try Translator.compiled(scale: 3)
    let scorer = try SequenceScorer(model.executable, target: Translator.target)
    let decoder = try SequenceDecoder(model.executable, target: Translator.target)
    var options = DecodingOptions.beam(200, best: 9)
    (options.lengthPenalty, options.maximumLength) = (penalty, 4)
    var targets: [[Int32]] = [[]]
    for _ in 0..<4 { targets += targets.flatMap { head in (4..<8).map { head + [$0] } } }
    targets = Array(Set(targets))
    for source in Self.sources.prefix(3) {
      let scores = try scorer.logProbabilities(targets.map { _ in source }, targets)
      var all: [(tokens: [Int32], score: Double)] = []
      for (target, scores) in zip(targets, scores) {
        // Of four tokens the last may be the end; longer answers are cut there.
        let parts = target.count == 4 ? scores.dropLast() : scores[...]
        let length = (5 + Double(parts.count)) / 6
        all.append((target, parts.reduce(0, +) / pow(length, penalty)))
      }
      all.sort { $0.score > $1.score }
      let found = try decoder.decode([source], options)[0]
      #expect(found.map(\.tokens) == all.prefix(9).map(\.tokens), "penalty \(penalty)")
      for (answer, wanted) in zip(found, all) {
        #expect(abs(answer.score - wanted.score) <= 1e-5 * abs(wanted.score))
      }
    }
  }

  @Test func `a search ends when no hypothesis can win`() throws {
    for (count, isOver) in [(1, true), (2, false)] {
      let rules = DecodingRules(
        options: .beam(3, best: count), end: 3, excluded: [0], sourceLength: 4)
      var search = BeamSearch(rules, width: 3)
      // The end is all but certain; the best of the others is -20 / (23 / 6)^0.6 at the most.
      let logits: [Float] = [0, 0, 0, 20, 0]
      let next = try search.advance(logits.span, logits.span.extracting(0..<0))
      #expect(next.isEmpty == isOver)
      #expect(search.answers.map(\.tokens) == [[]] && search.answers[0].isComplete)
      if !isOver { #expect(next.map(\.token) == [1, 2, 4], "equal ones by number") }
    }
  }

  @Test(arguments: DecodingModel.allCases)
  func `attention is recorded and weighs in`(_ model: DecodingModel) throws {
    let decoder = try Self.decoder(model)
    var options = DecodingOptions.beam(3, best: 3)
    (options.recordsAttention, options.maximumLength, options.coveragePenalty) = (true, 5, 0.4)
    for (source, answers) in zip(Self.sources, try decoder.decode(Self.sources, options)) {
      for answer in answers {
        #expect(answer.attention.count == answer.tokens.count)
        for weights in answer.attention {
          #expect(weights.count == source.count)
          #expect(source.isEmpty || abs(weights.reduce(0, +) - 1) < 1e-5)
        }
        guard !answer.isComplete else { continue }
        let coverage = source.indices.reduce(0.0) { sum, place in
          sum + log(min(answer.attention.reduce(0) { $0 + Double($1[place]) }, 1))
        }
        let wanted = answer.logProbability / pow(10.0 / 6, 0.6) + 0.4 * coverage
        #expect(abs(answer.score - wanted) <= 1e-9 * abs(wanted))
      }
    }
    let plain = try decoder.decode(Self.sources, .beam(3))
    #expect(plain.allSatisfy { $0[0].attention.isEmpty })
  }

  @Test(arguments: DecodingModel.allCases)
  func `answers begin as they have to`(_ model: DecodingModel) throws {
    let decoder = try Self.decoder(model)
    for var options in [DecodingOptions(), .beam(3, best: 2)] {
      options.prefix = [7, 7, 4]
      let answers = try decoder.decode(Self.sources, options)
      #expect(answers.joined().allSatisfy { $0.tokens.starts(with: [7, 7, 4]) })
      options.maximumLength = 3
      #expect(throws: GenerationError.self) { try decoder.decode(Self.sources, options) }
      for token: Int32 in [0, 1, 2, 3, -1, 8] {
        options = DecodingOptions()
        options.prefix = [token]
        #expect(throws: GenerationError.self) { try decoder.decode(Self.sources, options) }
      }
    }
  }

  @Test(arguments: DecodingModel.allCases)
  func `samples are drawn from the seed and the source`(_ model: DecodingModel) throws {
    let decoder = try Self.decoder(model)
    var options = DecodingOptions()
    (options.sampling, options.count) = (Sampling(), 4)
    let first = try decoder.decode(Self.sources, options)
    #expect(try decoder.decode(Self.sources, options) == first)
    options.sampling.seed = 1
    #expect(try decoder.decode(Self.sources, options) != first)
    #expect(first.contains { Set($0.map(\.tokens)).count > 1 })
    #expect(first.allSatisfy { $0.map(\.score) == $0.map(\.score).sorted(by: >) })
    #expect(
      first.joined().allSatisfy { answer in answer.tokens.allSatisfy { (4..<8).contains($0) } },
      "padding, unknown, begin and end are no answers")
  }

  @Test(arguments: DecodingModel.allCases)
  func `long and empty sources are answered`(_ model: DecodingModel) throws {
    let decoder = try Self.decoder(model)
    let long = (0..<10_000).map { Int32($0 % 12) }
    let answers = try decoder.greedy([[], long, []], maximumLength: 3)
    #expect(answers[0] == answers[2] && answers.allSatisfy { $0.count <= 3 })
    #expect(try decoder.greedy([long], maximumLength: 3) == [answers[1]])
    #expect(throws: RuntimeError.self) { try decoder.greedy([[12]]) }
    #expect(try decoder.greedy([[], long], maximumLength: 3) == Array(answers.prefix(2)))
  }

  @Test func `options that make no sense are refused`() throws {
    let decoder = try Self.decoder()
    let changes: [(inout DecodingOptions) -> Void] = [
      { $0.beamWidth = 0 }, { $0.count = 0 }, { ($0.beamWidth, $0.count) = (2, 3) },
      { $0.lengthPenalty = -1 }, { $0.coveragePenalty = .nan }, { $0.maximumLength = 0 },
      { $0.sampling.temperature = -1 },
    ]
    for change in changes {
      var options = DecodingOptions()
      change(&options)
      #expect(throws: GenerationError.self) { try decoder.decode([[1]], options) }
    }
  }

  @Test func `logits that are no numbers are reported`() throws {
    let model = try Translator.compiled(scale: .infinity)
    let decoder = try SequenceDecoder(model.executable, target: Translator.target)
    for options in [DecodingOptions(), .beam(2)] {
      #expect(throws: GenerationError.self) { try decoder.decode([[1, 2]], options) }
    }
  }

  @Test func `a fork copies states, not memory`() throws {
    let module = try Translator.compiled().executable
    let functions = try DecodingFunctions(module.module)
    let state = try DecodingState(functions, module, threads: 1)
    try state.start([Array(repeating: 1, count: 4000)])
    try state.read([2])
    let bytes = { state.stepper.bytes - (state.stepper.plan?.arenaBytes ?? 0) }
    let before = bytes()
    try state.select(rows: Array(repeating: 0, count: 64))
    try state.read(Array(repeating: 4, count: 64))
    // By row two states of 8, 8 logits, a token, a source, and what it attends to.
    try state.withResults { logits, attention in
      let time = attention.count / 64
      #expect(bytes() - before == 63 * 4 * (2 * 8 + 8 + 2 + time))
      for row in 1..<64 {
        for place in 0..<8 { #expect(logits[row * 8 + place] == logits[place]) }
        #expect(attention[row * time + 17] == attention[17])
      }
    }
  }
}
