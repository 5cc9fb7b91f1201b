import SequentIR

/// The mean over positions of -log softmax(logits)[label] (cross-entropy), a number of rank 0.
///
/// - Parameters:
///   - logits: `[…, classes]`.
///   - labels: i32 `[…]`.
///   - ignoring: the label of positions that do not count, in the mean neither.
///   - smoothing: the share of the target that is spread over all classes (Szegedy et al., 2016).
///   - classWeights: what each class counts, `[classes]`; the mean is weighted likewise.
///   - lengths: i32 `[batch]` for logits `[batch, time, classes]`: steps at or past a row's length do
///     not count.
public func crossEntropy(
  _ logits: Tensor, _ labels: Tensor, ignoring: Int? = nil, smoothing: Double = 0,
  classWeights: Tensor? = nil, lengths: Tensor? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  logits.trace.context.scope("", SourceLocation(file: file, line: line)) {
    guard logits.rank >= 1, logits.value != nil, labels.value != nil else {
      return logits.withoutValue
    }
    let centred = logits - logits.maximum(over: -1, keepingAxis: true)
    let logarithms = centred - log(exp(centred).sum(over: -1, keepingAxis: true))
    let classes = labels.trace.emit(
      .iota(Iota(shape: logits.shape, axis: logits.rank - 1)), [], names: ["class"], at: nil)[0]
    let isLabel = classes .== labels.expanded(at: labels.rank)
    let zero = logits.scalar(0)
    var losses: Tensor
    var weights = (labels .== labels).cast(to: .float32)
    if let classWeights {
      // Each class's share counts by its own weight, as in PyTorch.
      losses = -select(isLabel, logarithms * classWeights, zero).sum(over: -1) * (1 - smoothing)
      if smoothing != 0 {
        losses = losses - (logarithms * classWeights).mean(over: -1) * smoothing
      }
      let own = select(isLabel, classWeights.broadcast(to: logits.shape), zero)
      weights = own.sum(over: -1)
    } else {
      losses = -select(isLabel, logarithms, zero).sum(over: -1) * (1 - smoothing)
      if smoothing != 0 { losses = losses - logarithms.mean(over: -1) * smoothing }
    }
    if let ignoring {
      let isIgnored = labels .== Double(ignoring)
      losses = select(isIgnored, zero, losses)
      weights = select(isIgnored, zero, weights)
    }
    if let lengths {
      let live = isLive(lengths: lengths, time: logits.shape[1])
      losses = select(live, losses, zero)
      weights = select(live, weights, zero)
    }
    return losses.total / weights.total
  }
}

/// The mean over elements of the cross-entropy of probabilities σ(logits) with targets in 0 to 1.
public func binaryCrossEntropy(
  _ logits: Tensor, _ targets: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  logits.trace.context.scope("", SourceLocation(file: file, line: line)) {
    // max(x, 0) - x·y + log(1 + e^-|x|): no overflow for any x.
    let losses =
      relu(logits) - logits * targets + log(1 + exp(-logits.emit(.unary(.absolute))))
    return losses.average
  }
}

/// The mean over positions of -Σ target · log probability, for distributions over the last axis.
public func categoricalCrossEntropy(
  probabilities: Tensor, _ targets: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  probabilities.trace.context.scope("", SourceLocation(file: file, line: line)) {
    // Keras's guard: probabilities are brought to a sum of 1 and kept away from 0 and 1.
    let normalised = probabilities / probabilities.sum(over: -1, keepingAxis: true)
    let low = maximum(normalised, normalised.scalar(1e-7))
    let clipped = low.emit(.binary(.minimum), [low.scalar(1 - 1e-7)])
    return -(targets * log(clipped)).sum(over: -1).average
  }
}

/// The mean over elements of (x - y)².
public func meanSquaredError(
  _ x: Tensor, _ y: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.trace.context.scope("", SourceLocation(file: file, line: line)) {
    let difference = x - y
    return (difference * difference).average
  }
}

/// The mean over elements of |x - y|.
public func meanAbsoluteError(
  _ x: Tensor, _ y: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  x.trace.context.scope("", SourceLocation(file: file, line: line)) {
    (x - y).emit(.unary(.absolute)).average
  }
}

extension Tensor {
  /// The sum of all elements.
  var total: Tensor {
    rank == 0 ? self : emit(.reduce(Reduce(.sum, axes: Array(shape.indices))))
  }

  /// The mean of all elements.
  var average: Tensor {
    rank == 0 ? self : emit(.reduce(Reduce(.mean, axes: Array(shape.indices))))
  }
}
