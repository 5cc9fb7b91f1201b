import SequentIR

extension Instruction {
  /// An estimate of the floating-point operations of one call.
  public var flops: Double {
    let elements = Double(outputs.first?.count ?? 0)
    switch kernel {
    case .unary(let function):
      switch function {
      case .exponential, .logarithm, .sine, .cosine, .tanh, .sigmoid, .erf: return 20 * elements
      case .negate, .absolute, .squareRoot, .reciprocal, .floor, .sign, .relu, .not:
        return elements
      }
    case .binary(.power): return 40 * elements
    case .binary, .compare, .select, .cast: return elements
    case .gemm:
      let a = inputs[0].shape
      return 2 * Double(a[3]) * elements
    case .reduce, .argmax: return Double(inputs[0].count)
    case .shortlistArgMax(let columns, _):
      return 2 * Double(inputs[0].count) * Double(columns)
    case .softmax: return 24 * elements
    case .normalization: return 8 * elements
    case .normalizationGradient: return 20 * elements
    case .embedding(let embedding):
      let perTerm = 2 * embedding.sum.terms.count
      return Double(perTerm + (embedding.sum.norm == nil ? 0 : 8)) * elements
    case .attention(let attention): return attentionFlops(attention)
    case .attentionGradient(let attention): return 2.5 * attentionFlops(attention)
    case .recurrentCell(let cell): return Double(20 * cell.gates.count) * elements
    case .recurrentSequence(let layer):
      let (steps, input) = (inputs[0].shape[0] * inputs[0].shape[1], inputs[0].shape[2])
      let gates = layer.isReversed.count * layer.cell.gates.count * layer.hidden
      return Double(steps * gates) * Double(2 * (input + layer.hidden) + 20)
    case .recurrentSequenceGradient(let gradient):
      let layer = gradient.layer
      let (steps, input) = (inputs[0].shape[0] * inputs[0].shape[1], inputs[0].shape[2])
      let gates = layer.isReversed.count * layer.cell.gates.count * layer.hidden
      return Double(steps * gates) * Double(4 * (input + layer.hidden) + 20)
    case .scatterAdd: return Double(inputs[0].count)
    case .crossEntropy: return 24 * Double(inputs[0].count)
    case .crossEntropyGradient: return 24 * elements
    case .randomUniform: return 10 * elements
    case .optimizerUpdate: return 20 * elements
    case .iota, .copy, .gather, .updateRows, .checkLengths, .maskedUpdate, .pack: return 0
    }
  }

  /// An estimate of the bytes that one call reads and writes.
  public var bytes: Double {
    switch kernel {
    case .gather: return Double(inputs[1].count + 2 * outputs[0].count) * 4
    case .embedding(let embedding):
      // Of a table only the rows that are looked up, by what the sum is wide.
      let width = outputs[0].shape[outputs[0].rank - 1]
      let sources = embedding.sum.sorted(inputs).terms.map { source, indices in
        indices.map { $0.count * (width + 1) } ?? source.distinctCount
      }
      return Double((sources + outputs.map(\.count)).reduce(0, +)) * 4
    // Of the packed weights next to nothing.
    case .shortlistArgMax: return Double(inputs[0].count + inputs[2].count + outputs[0].count) * 4
    case .updateRows: return Double(inputs[1].count + 2 * inputs[0].count) * 4
    default: return (inputs + outputs).reduce(0) { $0 + Double($1.distinctCount) * 4 }
    }
  }
}

extension View {
  /// The number of elements, repeated ones counted once.
  fileprivate var distinctCount: Int {
    zip(shape, strides).reduce(1) { $1.1 == 0 && $1.0 > 0 ? $0 : $0 * $1.0 }
  }
}
