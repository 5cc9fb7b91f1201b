import SequentIR

/// What queries gather from values, by how well keys match: softmax(q · kᵀ / √width) · v.
///
/// - Parameters:
///   - q: `[…, queries, width]`.
///   - k: `[…, keys, width]`.
///   - v: `[…, keys, valueWidth]`.
///   - mask: booleans that stretch to `[…, queries, keys]`: where false a query does not see a key; one
///     that sees none gathers zeros.
public func attention(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, file: String = #fileID,
  line: Int = #line
) -> Tensor {
  attentionWithWeights(q, k, v, mask: mask, file: file, line: line).context
}

/// What queries gather as by `attention`, and the weights `[…, queries, keys]` that gather it.
public func attentionWithWeights(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor? = nil, file: String = #fileID,
  line: Int = #line
) -> AttentionOutput {
  q.trace.context.scope("", SourceLocation(file: file, line: line)) {
    var axes = Array(0..<k.rank)
    if axes.count >= 2 { axes.swapAt(axes.count - 2, axes.count - 1) }
    let width = Double(q.shape.last?.staticSize ?? 1)
    let scores = matmul(q, k.transposed(axes)) / width.squareRoot()
    let weights = softmax(scores, mask: mask)
    return AttentionOutput(context: matmul(weights, v), weights: weights)
  }
}

/// The mask that hides the future: booleans `[queries, keys]`, true where the key is not behind the query.
///
/// - Parameter past: how many keys come before the first query's own.
public func causalMask(
  _ q: Tensor, _ k: Tensor, past: Int = 0, file: String = #fileID, line: Int = #line
) -> Tensor {
  q.trace.context.scope("", SourceLocation(file: file, line: line)) {
    let shape = [q, k].map { $0.shape.dropLast().last ?? 1 }
    let positions = [0, 1].map { axis in
      q.trace.emit(
        .iota(Iota(shape: shape, axis: axis)), [], names: [axis == 0 ? "query" : "key"], at: nil)[0]
    }
    return positions[1].emit(.compare(.lessOrEqual), [positions[0] + Double(past)])
  }
}
