import Foundation
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// The character model of the examples without states: every call reads from the text's begin.
private struct WithoutStates: Model {
  let like: CharacterLanguageModel.Configuration
  let embedding: Embedding
  let encoder: LSTM
  let head: Linear

  init() { self.init(like: CharacterLanguageModel.Configuration()) }

  init(like: CharacterLanguageModel.Configuration) {
    self.like = like
    embedding = Embedding(like.text.vocabulary.count, like.embedding)
    encoder = LSTM(like.embedding, like.hidden, layers: like.layers)
    head = Linear(like.hidden, like.text.vocabulary.count)
  }

  func main(_ inputs: Inputs) -> Outputs {
    ["logits": head(encoder(embedding(inputs.tokens())))]
  }

  var task: ModelTask? { .languageModel(text: like.text) }
}

/// With states but without lengths: rows of different lengths can't be read together.
private struct WithoutLengths: Model {
  let like = WithoutStates()

  func main(_ inputs: Inputs) -> Outputs {
    let memory = inputs.state("memory", of: like.encoder)
    let read = like.encoder(like.embedding(inputs.tokens()), initialState: memory)
    inputs.update(memory, to: read.state)
    return ["logits": like.head(read.output)]
  }

  var task: ModelTask? { like.task }
}

@Suite struct GenerationTests {
  private static let prompts = ["In the ", "", "A", "And it came to pass, that", "In the "]

  private static func options(_ length: Int = 40, seed: UInt64 = 3) -> GenerationOptions {
    var options = GenerationOptions()
    options.length = length
    options.sampling.seed = seed
    return options
  }

  /// A small model that reads printable ASCII, or another encoding.
  private static func small(
    _ text: TextEncoding = CharacterLanguageModel.Configuration().text
  ) throws -> CompiledModel {
    var configuration = CharacterLanguageModel.Configuration()
    configuration.text = text
    (configuration.embedding, configuration.hidden) = (8, 16)
    return try CharacterLanguageModel(configuration).compiled(seed: 2)
  }

  @Test func batchesAndThreadsDontChangeTheText() throws {
    let model = try CharacterLanguageModel().compiled(seed: 1)
    var options = Self.options()
    options.stops = ["e"]
    let generator = try model.generator(threads: 1)
    let alone = try Self.prompts.map { try generator.generate($0, options) }
    #expect(Set(alone.map(\.end)) == [.stop, .length])
    #expect(alone[0] == alone[4] && Set(alone.map(\.text)).count == 4)
    for threads in [1, 2, 5] {
      let together = try model.generator(threads: threads)
      #expect(try together.generate(Self.prompts, options).flatMap { $0 } == alone)
      #expect(
        try together.generate(Self.prompts.reversed(), options).map { $0[0] } == alone.reversed())
    }
  }

  @Test func modelsWithoutStatesOrLengthsWriteTheSame() throws {
    let model = try CharacterLanguageModel().compiled(seed: 1)
    let wanted = try model.generator().generate(Self.prompts, Self.options(35))
    let prefix = try WithoutStates().compiled(seed: 1)
    #expect(try prefix.generator().generate(Self.prompts, Self.options(35)) == wanted)
    let scores = try model.scorer().score(Self.prompts)
    #expect(try prefix.scorer().score(Self.prompts) == scores)
    let single = try WithoutLengths().compiled(seed: 1).generator()
    let texts = try single.generate(Self.prompts, Self.options(5))
    let alone = try Self.prompts.map { [try single.generate($0, Self.options(5))] }
    #expect(texts == alone)
  }

  @Test func theSeedDecides() throws {
    let generator = try Self.small().generator()
    let first = try generator.generate("a", Self.options(seed: 1))
    #expect(try generator.generate("a", Self.options(seed: 1)) == first)
    #expect(try generator.generate("a", Self.options(seed: 2)).text != first.text)
    let samples = try generator.generate(["a", "b"], Self.options(seed: 1), samples: 3)
    #expect(samples.allSatisfy { $0.count == 3 && Set($0.map(\.text)).count == 3 })
    #expect(samples[0].contains(first))
    #expect(samples[0].map(\.meanProbability) == samples[0].map(\.meanProbability).sorted(by: >))
  }

  @Test func greedyTakesTheMostProbable() throws {
    let model = try Self.small()
    var (greedy, first) = (Self.options(12), Self.options(12))
    (greedy.sampling.temperature, first.sampling.topK) = (0, 1)
    let text = try model.generator().generate("ab", greedy)
    #expect(try model.generator().generate("ab", first) == text)
    let encoder = try model.task().text.encoder()
    #expect(encoder.decode(text.tokens) == text.text)
    // What was written is scored with the likelihood that it was written with.
    let score = try model.scorer().score(["ab" + text.text])[0]
    #expect(Array(score.tokens.suffix(12)) == text.tokens)
  }

  @Test func piecesAreTheText() throws {
    // Bytes without merges: characters come in parts, and some never whole.
    let builder = VocabularyBuilder(unit: .bytePair)
    let model = try Self.small(builder.encoding(marksBegin: true, marksEnd: true))
    var pieces: [String] = []
    var options = Self.options(300)
    options.stops = ["q", "zz"]
    let text = try model.generator().generate("é", options) { pieces.append($0) }
    #expect(pieces.joined() == text.text && pieces.allSatisfy { !$0.isEmpty })
    #expect(!text.tokens.contains { $0 < 3 }, "padding, unknown and begin are no text")
    struct Enough: Error {}
    #expect(throws: Enough.self) {
      try model.generator().generate("é", options) { _ in throw Enough() }
    }
  }

  /// A GPT that sees thirty-seven tokens, if its positions are learned.
  private static func gpt(_ positions: PositionKind) throws -> CompiledModel {
    var configuration = GPT.Configuration()
    (configuration.positions, configuration.context) = (positions, 37)
    (configuration.width, configuration.layers, configuration.heads) = (16, 1, 2)
    configuration.feedForward = 16
    configuration.text = CharacterLanguageModel.Configuration().text
    return try GPT(configuration).compiled(seed: 4)
  }

  @Test func textEndsAtTheContext() throws {
    let model = try Self.gpt(.learned)
    let task = try model.task()
    let long = String(repeating: "a", count: 37)
    // With a cache, and reading from the beginning.
    for generator in [try model.generator(), try Generator(task, session: model.session())] {
      let texts = try generator.generate(
        ["a", String(long.dropLast(3)), long], Self.options(100)
      ).map { $0[0] }
      #expect(texts.map(\.tokens.count) == [37, 4, 1] && texts.allSatisfy { $0.end == .context })
      #expect(try generator.generate("a", Self.options(37)).end == .length)
      let error = try #require(throws: ContextError.self) {
        try generator.generate(["a", long + "a"], Self.options(), samples: 2)
      }
      #expect(error.index == 1 && error.tokens == 38 && error.context == 37)
    }
    var beam = DecodingOptions.beam(2)
    beam.maximumLength = 100
    let generator = try model.generator()
    let found = try generator.generate(["a", String(long.dropLast(3))], beam: beam)
    #expect(found.map(\.[0].hypothesis.tokens.count) == [37, 4])
    #expect(throws: ContextError.self) { try generator.generate([long + "a"], beam: beam) }
    let scorer = try model.scorer()
    #expect(try scorer.score([long]).map(\.tokens.count) == [37])
    #expect(throws: ContextError.self) { try scorer.score(["a", long + "a"]) }
    let endless = try Self.gpt(.rotary)
    #expect(try endless.task().context == nil)
    #expect(try endless.generator().generate(long, Self.options(60)).tokens.count == 60)
  }

  /// With a cache, with states, and reading from the beginning.
  @Test func aBeamFindsTextsAsTheScorerScoresThem() throws {
    for model in try [Self.gpt(.learned), Self.small(), WithoutStates().compiled(seed: 1)] {
      let generator = try model.generator()
      // A scored line follows a line's end, as an empty prompt does.
      let prompts = ["\nIn the ", "\na", "", "\nAnd it came to pass"]
      var options = DecodingOptions.beam(5, best: 3)
      options.maximumLength = 12
      let answers = try generator.generate(prompts, beam: options)
      #expect(try prompts.map { try generator.generate([$0], beam: options)[0] } == answers)
      for (prompt, answers) in zip(prompts, answers) {
        #expect(Set(answers.map(\.text)).count == 3)
        #expect(answers.map(\.hypothesis.score) == answers.map(\.hypothesis.score).sorted(by: >))
        let scores = try model.scorer().score(answers.map { prompt.dropFirst() + $0.text })
        for (answer, score) in zip(answers, scores) {
          #expect(answer.hypothesis.tokens == score.tokens.suffix(12))
          let wanted = score.logProbabilities.suffix(12).reduce(0, +)
          #expect(abs(answer.hypothesis.logProbability - wanted) <= 1e-5 * abs(wanted))
        }
      }
      var (one, greedy) = (DecodingOptions.beam(1), Self.options(12))
      (one.maximumLength, greedy.sampling.temperature) = (12, 0)
      let first = try generator.generate(prompts, beam: one)
      #expect(first.map(\.[0].text) == (try generator.generate(prompts, greedy).map(\.[0].text)))
      options.coveragePenalty = 1
      #expect(throws: GenerationError.self) { try generator.generate(["a"], beam: options) }
      #expect(throws: GenerationError.self) {
        try generator.generate(["a"], beam: DecodingOptions())
      }
    }
  }

  @Test func endsAtTheEndToken() throws {
    let text = TextEncoding(
      unit: .character, vocabulary: ["<pad>", "<unk>", "a", "</s>"], unknown: 1, end: 3)
    let generator = try Self.small(text).generator()
    let answer = try generator.generate("aa", Self.options(500))
    #expect(answer.end == .endToken && answer.tokens.last == 3)
    #expect(answer.text == String(repeating: "a", count: answer.tokens.count - 1))
  }

  @Test func emptyPromptsNeedABegin() throws {
    let letters = TextEncoding(unit: .character, vocabulary: ["<unk>", "a", "b"], unknown: 0)
    let model = try Self.small(letters)
    #expect(throws: GenerationError.self) { try model.generator().generate("", Self.options()) }
    let score = try model.scorer().score(["", "a", "ab"])
    #expect(score.map(\.tokens) == [[], [], [2]] && score.map(\.characters) == [0, 0, 1])
    #expect(score[0].perplexity.isNaN && score[0].bitsPerCharacter.isNaN)
    #expect(throws: GenerationError.self) { try model.generator().generate("a", Self.options(0)) }
  }

  @Test func scoreIsTheSoftmaxOfTheLogits() throws {
    let model = try Self.small()
    let text = "To be, or not"
    let score = try model.scorer().score([text])[0]
    let encoder = try model.task().text.encoder()
    let tokens = encoder.encode("\n" + text)
    let outputs = try model.session().run([
      "tokens": try .int32(tokens, shape: [1, tokens.count]),
      "lengths": try .int32([Int32(tokens.count)], shape: [1]),
    ])
    guard case .float32(let values)? = outputs["logits"]?.elements else {
      throw RuntimeError("no logits")
    }
    let classes = encoder.encoding.vocabulary.count
    var sum = 0.0
    for place in text.indices.enumerated().map(\.offset) {
      let weights = values[place * classes..<(place + 1) * classes].map {
        Foundation.exp(Double($0))
      }
      let wanted = Foundation.log(weights[Int(tokens[place + 1])] / weights.reduce(0, +))
      #expect(abs(score.logProbabilities[place] - wanted) < 1e-12)
      sum += wanted
    }
    #expect(score.characters == 13 && score.tokens.count == 13)
    #expect(abs(score.logLikelihood - sum) < 1e-10)
    #expect(abs(score.perplexity - Foundation.exp(-sum / 13)) < 1e-9)
    #expect(abs(score.bitsPerCharacter + sum / 13 / Foundation.log(2)) < 1e-12)
  }

  @Test func scoresAreTheSameBitsInPiecesAndInBatches() throws {
    let model = try CharacterLanguageModel().compiled(seed: 5)
    let scorer = try model.scorer()
    let long = String(repeating: "And God said, Let there be light. ", count: 150)
    let texts = Self.prompts + [long, "x"]
    let together = try scorer.score(texts)
    #expect(try texts.map { try scorer.score([$0])[0] } == together)
    let reader = try LanguageModelReader(model.task(), model.session())
    let tokens = reader.encoder.encode("\n" + texts[3])
    try reader.start(rows: 1)
    var steps: [Double] = []
    for (token, next) in zip(tokens, tokens.dropFirst()) {
      try reader.read([[token]]) { _, _, logits in
        steps.append(try LogProbabilities(logits)(logits[Int(next)]))
      }
    }
    #expect(steps == together[3].logProbabilities)
  }

  @Test func modelsOfOtherTasksAreRefused() throws {
    let labels = try LanguageOfWord().compiled()
    let error = try #require(throws: PredictionError.self) { try labels.generator() }
    #expect(error.description.contains("a classify model does not write or score text"))
    #expect(throws: PredictionError.self) { try labels.scorer() }
    #expect(throws: PredictionError.self) { try Self.small().predictor() }
    // Another vocabulary than the logits'.
    let small = try Self.small()
    let letters = TextEncoding(unit: .character, vocabulary: ["<unk>", "a"], unknown: 0)
    let task = ModelTask.languageModel(text: letters)
    #expect(throws: PredictionError.self) { try Generator(task, session: small.session()) }
  }
}
