import SequentIR
import SequentRuntime

/// Finds out how probable a model holds answers: by its function `main`, which reads an answer as a
/// whole, where `SequenceDecoder` goes step by step.
public final class SequenceScorer {
  private let session: Session
  private let begin: Int32
  private let end: Int32
  private let vocabularySize: Int

  /// Creates a scorer with a session of its own.
  ///
  /// - Parameter target: how answers are encoded; with a begin and an end.
  /// - Throws: `PredictionError` when `main` is not a function of source and target.
  public init(_ executable: Executable, target: TextEncoding, threads: Int? = nil) throws {
    session = try executable.session(threads: threads)
    guard let begin = target.begin, let end = target.end else {
      throw PredictionError(message: "the encoding of the answers has no begin and end")
    }
    let wanted = ["source", "source_lengths", "target", "target_lengths"]
    guard Set(session.function.inputNames) == Set(wanted), session.function.states.isEmpty else {
      throw PredictionError(
        message: "main takes \(session.function.inputNames.joined(separator: ", ")), expected "
          + wanted.joined(separator: ", "))
    }
    let size = target.vocabulary.count
    let logits = session.function.outputs.first { $0.name == "logits" }?.type
    guard let logits, logits.elementType == .float32, logits.rank == 3,
      logits.shape[2].staticSize == size
    else {
      throw PredictionError(message: "main has no output 'logits' f32[batch, time, \(size)]")
    }
    (self.begin, self.end) = (Int32(clamping: begin), Int32(clamping: end))
    vocabularySize = size
  }

  /// The logarithm of the probability of every target, and of its end behind it, in nats.
  public func score(_ sources: [[Int32]], _ targets: [[Int32]]) throws -> [Double] {
    try logProbabilities(sources, targets).map { $0.reduce(0, +) }
  }

  /// The logarithms of the probabilities of every target's tokens and, last, of its end.
  public func logProbabilities(
    _ sources: [[Int32]], _ targets: [[Int32]]
  ) throws -> [[Double]] {
    guard sources.count == targets.count else {
      throw GenerationError(message: "\(sources.count) sources, but \(targets.count) targets")
    }
    for token in targets.joined() where token < 0 || token >= vocabularySize {
      throw GenerationError(message: "token \(token) of a vocabulary of \(vocabularySize)")
    }
    let order = sources.indices.sorted {
      (sources[$0].count, targets[$0].count, $0) < (sources[$1].count, targets[$1].count, $1)
    }
    var results = Array(repeating: [Double](), count: sources.count)
    var start = 0
    while start < order.count {
      var (stop, longest) = (start, 0)
      while stop < order.count {
        longest = max(longest, sources[order[stop]].count, targets[order[stop]].count + 1)
        if stop > start, (stop + 1 - start) * longest > 4096 { break }
        stop += 1
      }
      let batch = order[start..<stop]
      for (index, scores) in zip(batch, try read(batch.map { (sources[$0], targets[$0]) })) {
        results[index] = scores
      }
      start = stop
    }
    return results
  }

  private func read(_ pairs: [(source: [Int32], target: [Int32])]) throws -> [[Double]] {
    let targets = pairs.map { [begin] + $0.target }
    try session.load([
      "source": try .padded(pairs.map(\.source), with: 0),
      "source_lengths": try .lengths(pairs.map(\.source)),
      "target": try .padded(targets, with: 0), "target_lengths": try .lengths(targets),
    ])
    try session.run()
    let time = targets.map(\.count).max() ?? 0
    return try session.withOutput("logits") { logits in
      var results: [[Double]] = []
      for (row, pair) in pairs.enumerated() {
        var scores: [Double] = []
        for (place, token) in (pair.target + [end]).enumerated() {
          let start = (row * time + place) * vocabularySize
          let logits = logits.extracting(start..<start + vocabularySize)
          scores.append(try LogProbabilities(logits)(logits[Int(token)]))
        }
        results.append(scores)
      }
      return results
    }
  }
}
