import SequentIR
import SequentRuntime

/// Makes a vector of each of many texts.
///
/// Texts are run in ragged batches; a vector has the same bits whatever texts are beside it.
public struct TextEmbedder {
  private let encoder: TextEncoder
  private let session: Session
  /// How many tokens a batch holds, padding included: what keeps its activations in the cache.
  private let tokensPerBatch = 2048

  /// Creates an embedder that runs in a session of its own.
  ///
  /// - Throws: `PredictionError` for a task that is no embedding.
  public init(_ task: ModelTask, session: Session) throws {
    guard task.kind == .embed else {
      throw PredictionError(message: "a \(task.kind.rawValue) model does not embed text")
    }
    encoder = task.text.encoder()
    self.session = session
  }

  /// The vectors of texts, in order.
  public func embed(_ texts: [String]) throws -> [[Float]] {
    let rows = texts.map(encoder.encode)
    var vectors: [[Float]] = Array(repeating: [], count: rows.count)
    for batch in RaggedBatches(lengths: rows.map(\.count), tokensPerBatch: tokensPerBatch) {
      let outputs = try session.run(batch.map { rows[$0] }.modelInputs())
      guard let embedding = outputs["embedding"], case .float32(let values) = embedding.elements,
        embedding.shape.count == 2, embedding.shape[0] == batch.count
      else {
        throw PredictionError(message: "the model has no output 'embedding' f32[batch, width]")
      }
      let width = embedding.shape[1]
      for (place, row) in batch.enumerated() {
        vectors[row] = Array(values[place * width..<(place + 1) * width])
      }
    }
    return vectors
  }
}
