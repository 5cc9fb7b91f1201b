import Foundation
import SequentRuntime

/// How text is generated, and where it ends.
public struct GenerationOptions: Hashable, Sendable {
  /// How a token is chosen.
  public var sampling = Sampling()
  /// The most tokens that are generated.
  public var length = 200
  /// Texts that end the generated one; they are no part of it.
  public var stops: [String] = []

  /// Up to 200 tokens of the model's own distribution.
  public init() {}
}

/// A text that a language model wrote.
public struct GeneratedText: Hashable, Sendable {
  /// Why a text ended.
  public enum End: String, Hashable, Sendable {
    /// The model gave the token that ends a sequence.
    case endToken
    /// The text met a stop string.
    case stop
    /// It has as many tokens as were asked for.
    case length
    /// With its prompt it has as many tokens as the model sees.
    case context
  }

  /// What goes on after the prompt.
  public fileprivate(set) var text = ""
  /// The tokens that were chosen, the end token included.
  public fileprivate(set) var tokens: [Int32] = []
  /// The logarithm of the tokens' probability in the model's own distribution, in nats.
  public fileprivate(set) var logLikelihood = 0.0
  /// Why it ended.
  public fileprivate(set) var end = End.length

  /// The geometric mean of the tokens' probabilities.
  public var meanProbability: Double { Foundation.exp(logLikelihood / Double(tokens.count)) }
}

/// Writes text with a language model.
///
///     let generator = try CompiledModel(path: "lm.sequent").generator()
///     let answer = try generator.generate("In the ", options) { print($0, terminator: "") }
///
/// What follows a prompt depends on the prompt and the options alone: not on other prompts, their
/// order, or the number of threads. Padding, unknown and begin tokens are never chosen. A text ends where the
/// model would have to see more tokens than it can; a prompt that is longer is a `ContextError`.
public final class Generator {
  let reader: LanguageModelReader
  var encoder: TextEncoder { reader.encoder }
  /// How many tokens the model sees.
  private let context: Int
  /// Tokens that are no text.
  let excluded: [Int32]

  /// Creates a generator that runs in a session of its own.
  ///
  /// - Parameter cache: what reads with the model's own cache, for a model that has one.
  /// - Throws: `PredictionError` for a model that is no language model.
  public init(_ task: ModelTask, session: Session, cache: CachedReader? = nil) throws {
    reader = try LanguageModelReader(task, session, cache)
    context = task.context ?? .max
    excluded = task.text.neverChosen
  }

  /// A text that is being written.
  fileprivate struct Row {
    let prompt: [Int32]
    /// The prompt and what was chosen.
    var history: [Int32]
    var sampler: Sampler
    var stream: TextStream
    /// The most tokens that are chosen.
    let limit: Int
    var result = GeneratedText()
    var isFinished = false
  }

  /// Writes on after a prompt.
  ///
  /// - Parameter onText: takes every piece of the text as soon as it is certain; what it throws ends
  ///   the generation.
  public func generate(
    _ prompt: String, _ options: GenerationOptions = GenerationOptions(),
    onText: (String) throws -> Void = { _ in }
  ) throws -> GeneratedText {
    var rows = [try row(prompt, 0, sample: 0, options)]
    try write(&rows, options) { _, text in try onText(text) }
    return rows[0].result
  }

  /// Writes on after every prompt, several at a time.
  ///
  /// - Parameter samples: how many texts each prompt gets, drawn apart from one seed.
  /// - Returns: the texts by prompt, that of the largest mean probability first.
  public func generate(
    _ prompts: [String], _ options: GenerationOptions = GenerationOptions(), samples: Int = 1
  ) throws -> [[GeneratedText]] {
    var rows = try prompts.enumerated().flatMap { index, prompt in
      try (0..<max(samples, 1)).map { try row(prompt, index, sample: $0, options) }
    }
    var start = 0
    while start < rows.count {
      var end = start + 1
      var longest = rows[start].prompt.count
      while end < rows.count, end - start < Self.rowsPerBatch,
        reader.rows(ofLength: max(longest, rows[end].prompt.count)) > end - start
      {
        longest = max(longest, rows[end].prompt.count)
        end += 1
      }
      try write(&rows[start..<end], options) { _, _ in }
      start = end
    }
    return stride(from: 0, to: rows.count, by: max(samples, 1)).map { first in
      let texts = rows[first..<first + max(samples, 1)].map(\.result)
      let order = texts.indices.sorted {
        texts[$0].meanProbability != texts[$1].meanProbability
          ? texts[$0].meanProbability > texts[$1].meanProbability : $0 < $1
      }
      return order.map { texts[$0] }
    }
  }

  /// How many texts are written side by side.
  static let rowsPerBatch = 64

  private func row(
    _ prompt: String, _ index: Int, sample: Int, _ options: GenerationOptions
  ) throws -> Row {
    guard options.length > 0 else {
      throw GenerationError(message: "a text of \(options.length) tokens, expected at least 1")
    }
    let tokens = try tokens(of: prompt, at: index)
    return Row(
      prompt: tokens, history: tokens,
      sampler: try Sampler(options.sampling, stream: "\(sample) \(prompt)", excluding: excluded),
      stream: TextStream(encoder, after: prompt, stops: options.stops),
      limit: min(options.length, limit(tokens)))
  }

  /// The tokens of a prompt, which has a place among others.
  func tokens(of prompt: String, at index: Int) throws -> [Int32] {
    var tokens = encoder.encode(prompt)
    if tokens.isEmpty || encoder.encoding.begin != nil {
      guard let start = encoder.start else {
        throw GenerationError(
          message: "an empty prompt, and the model's encoding has no token that begins a text")
      }
      tokens.insert(start, at: 0)
    }
    guard tokens.count <= context else {
      throw ContextError(index: index, tokens: tokens.count, context: context)
    }
    return tokens
  }

  /// How many tokens can follow a prompt: the last of them is not seen.
  func limit(_ prompt: [Int32]) -> Int { context - (prompt.count - 1) }

  /// Writes rows side by side; one that is finished leaves.
  private func write<Rows: MutableCollection<Row>>(
    _ rows: inout Rows, _ options: GenerationOptions, _ onText: (Rows.Index, String) throws -> Void
  ) throws {
    var active = Array(rows.indices)
    var next = rows.map(\.prompt)
    var likelihoods = DeferredLikelihoods<Rows.Index>()
    func choose(_ index: Int, _ logits: Span<Float>) throws {
      let text = try rows[active[index]].choose(logits, encoder.encoding, options)
      if !text.isEmpty { try onText(active[index], text) }
    }
    func count(_ row: Rows.Index, _ logProbability: Double) {
      rows[row].result.logLikelihood += logProbability
    }
    try reader.start(rows: active.count)
    while !active.isEmpty {
      if options.sampling.isArgMax, let chooser = reader.chooser(rows: active.count) {
        let tokens = try reader.choose(chooser, after: next.compactMap(\.last))
        if tokens.contains(where: excluded.contains) {
          // The most probable token that may be said is another one.
          try likelihoods.finish(count)
          try reader.visitLogits(of: chooser, choose)
        } else {
          try likelihoods.add(tokens, in: active, chooser, count)
          for (row, token) in zip(active, tokens) {
            let text = rows[row].take(token, encoder.encoding, options)
            if !text.isEmpty { try onText(row, text) }
          }
        }
      } else {
        try reader.readOn(next, choose)
      }
      let left = active.indices.filter { !rows[active[$0]].isFinished }
      if left.count < active.count, !left.isEmpty { try reader.keep(left) }
      active = left.map { active[$0] }
      next = active.map { rows[$0].result.tokens.suffix(1) }
    }
    try likelihoods.finish(count)
  }
}

extension Generator.Row {
  /// Takes the next token.
  ///
  /// - Returns: the text that is certain now.
  fileprivate mutating func choose(
    _ logits: Span<Float>, _ encoding: TextEncoding, _ options: GenerationOptions
  ) throws -> String {
    let token = try sampler.next(logits, after: history)
    result.logLikelihood += try LogProbabilities(logits)(logits[Int(token)])
    return take(token, encoding, options)
  }

  /// Takes a token.
  ///
  /// - Returns: the text that is certain now.
  fileprivate mutating func take(
    _ token: Int32, _ encoding: TextEncoding, _ options: GenerationOptions
  ) -> String {
    result.tokens.append(token)
    history.append(token)
    var text = ""
    if encoding.end.map({ Int32(clamping: $0) == token }) ?? false {
      (result.end, isFinished) = (.endToken, true)
    } else {
      text = stream.append(token)
      isFinished = stream.isStopped || result.tokens.count == limit
      result.end = stream.isStopped ? .stop : limit < options.length ? .context : .length
    }
    if isFinished { text += stream.finish() }
    result.text += text
    return text
  }
}
