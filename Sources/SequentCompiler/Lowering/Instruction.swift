import SequentIR

/// One kernel call of a plan: what runs, on which views.
public struct Instruction: Hashable, Sendable {
  /// What runs.
  public var kernel: Kernel
  /// What it reads, in the kernel's order.
  public var inputs: [View]
  /// What it writes, in the kernel's order.
  public var outputs: [View]
  /// Scratch memory.
  public var workspace: View?
  /// The operation it came from, by its position in the plan's list of origins.
  public var origin: Int
}

/// The kernels there are.
public enum Kernel: Hashable, Sendable {
  case unary(Unary)
  case binary(Binary)
  case compare(Compare)
  case select
  case cast
  /// Counts along an axis.
  case iota(axis: Int)
  case copy
  case gemm(Gemm)
  case reduce(Reduce.Function, axes: [Int])
  case argmax(axis: Int)
  /// The argmax of a product's rows. Inputs: x `[rows, k]`, packed weights, their shortlist.
  case shortlistArgMax(columns: Int, isBfloat16: Bool)
  case softmax(FusedSoftmax)
  /// Inputs: x, weight, bias, where there are such.
  case normalization(FusedNormalization)
  /// Inputs: x, weight if there is one, the output's gradient.
  case normalizationGradient(FusedNormalization)
  /// Inputs: for every term its source, and its indices if it looks up; weight, bias, where there are
  /// such. Outputs: what is normalised if it is, the sum if it is given.
  case embedding(Embedding)
  case attention(Attention)
  /// Inputs: those of the forward kernel, its output and statistics, the output's gradient.
  case attentionGradient(Attention)
  /// Inputs: table `[rows, width]`, indices. A table in bfloat16 comes packed, and this says its rows.
  case gather(bfloat16Rows: Int?)
  /// Inputs: rows `[count, width]`, indices.
  case scatterAdd
  /// Inputs: rows `[count, width]`, indices; the output keeps its other rows.
  case updateRows
  /// Brings lengths into 0...limit, and reports the first that was not.
  case checkLengths(limit: Int)
  /// Inputs: lengths `[batch]`, the step's number, fresh `[batch, …]`; rows that have ended hold
  /// what the output had, or get zeros.
  case maskedUpdate(holds: Bool)
  case recurrentCell(RecurrentCellKind)
  case recurrentSequence(RecurrentSequence)
  case recurrentSequenceGradient(RecurrentSequenceGradient)
  /// Inputs: logits `[count, classes]`, labels.
  case crossEntropy(FusedCrossEntropy)
  /// Inputs: logits, labels, upstream.
  case crossEntropyGradient(FusedCrossEntropy)
  /// Inputs: the seed.
  case randomUniform(stream: Int)
  /// Inputs: the parameter and its gradient `[rows, width]`, learning rate, factor, step, states.
  case optimizerUpdate(OptimizerUpdate)
  /// Brings weights into a kernel's own order.
  case pack(Packing)

  /// A sum of embeddings.
  public struct Embedding: Hashable, Sendable {
    public var sum: FusedEmbedding
    /// For every term the rows of its table, where that is packed in bfloat16.
    public var bfloat16Rows: [Int?]
  }

  /// A product of matrices: inputs a `[outer, inner, m, k]`, b likewise or packed, bias, residual;
  /// outputs c, and the activation's slope or the sums of b's columns if they are wanted.
  public struct Gemm: Hashable, Sendable {
    /// The number of columns.
    public var columns: Int
    /// Whether b is packed, and the same for all of the batch.
    public var isPacked: Bool
    /// Whether b is packed in bfloat16.
    public var isBfloat16 = false
    public var hasBias: Bool
    public var hasResidual: Bool
    /// Whether the residual multiplies the result instead of being added.
    public var multipliesResidual = false
    /// Whether the second output is the sums of b's columns, not the slope.
    public var sumsColumns = false
    /// Whether the product is added to what the output holds.
    public var accumulates: Bool
    public var scale: Double
    public var activation: Activation
  }

  /// A recurrent layer.
  ///
  /// Inputs: x, then for every direction packed input weights, packed hidden weights, packed bias
  /// and the initial state if it is not zeros; last the lengths if there are any. Outputs: y
  /// `[batch, time, directions·hidden]`, every direction's final state, what is saved for the
  /// gradient if anything is.
  public struct RecurrentSequence: Hashable, Sendable {
    public var cell: RecurrentCellKind
    public var isReversed: [Bool]
    public var startsAtZero: [Bool]
    public var hidden: Int
    public var hasLengths: Bool
    public var savesGates: Bool

    /// Where direction `direction`'s part of `inputs` begins.
    public func firstInput(of direction: Int) -> Int {
      startsAtZero.prefix(direction).reduce(1) { $0 + 3 + ($1 ? 0 : cell.stateCount) }
    }
  }

  /// Orders of weights that kernels want.
  public enum Packing: Hashable, Sendable {
    /// A matrix `[k, n]` for gemm, in float32 or bfloat16.
    case gemm(isBfloat16: Bool)
    /// The same matrix in bytes, with bounds for what they leave of it.
    case shortlist(isBfloat16: Bool)
    /// A table in bfloat16, as it lies.
    case bfloat16Table
    /// Merged weights `[depth, gates·hidden]` of a recurrent layer.
    case recurrentWeights(RecurrentCellKind)
    /// The bias `[gates·hidden]` and the candidate's hidden bias `[hidden]`, where there are such.
    case recurrentBias(RecurrentCellKind, hidden: Int, hasBias: Bool, hasHiddenBias: Bool)
  }
}

extension Instruction {
  /// Whether the outputs' old contents matter.
  public var readsOutputs: Bool {
    switch kernel {
    case .maskedUpdate(let holds): holds
    case .gemm(let gemm): gemm.accumulates
    case .updateRows: true
    default: false
    }
  }

  /// Whether an output may be the very memory of an input with the same view.
  public func mayShare(input: Int, output: Int) -> Bool {
    switch kernel {
    case .unary, .binary, .compare, .select, .cast: return true
    case .softmax, .normalization, .crossEntropyGradient: return input == 0
    case .maskedUpdate(let holds): return input == 2 || (holds && input == inputs.count)
    case .recurrentCell: return input == 2
    case .optimizerUpdate: return input == (output == 0 ? 0 : output + 4)
    case .recurrentSequence(let layer):
      // A direction's final state may take the place of its initial state.
      guard output > 0, output <= layer.isReversed.count * layer.cell.stateCount else {
        return false
      }
      let direction = (output - 1) / layer.cell.stateCount
      let state = (output - 1) % layer.cell.stateCount
      return !layer.startsAtZero[direction]
        && input == layer.firstInput(of: direction) + 3 + state
    default: return false
    }
  }

  /// Every view that is read, the workspace left out.
  public var reads: [View] { readsOutputs ? inputs + outputs : inputs }

  /// Every view.
  public var views: [View] { inputs + outputs + (workspace.map { [$0] } ?? []) }

  /// The instruction with every view replaced, if all can be.
  public func replacingViews(_ replacement: (View) -> View?) -> Instruction? {
    var result = self
    for index in inputs.indices {
      guard let view = replacement(inputs[index]) else { return nil }
      result.inputs[index] = view
    }
    for index in outputs.indices {
      guard let view = replacement(outputs[index]) else { return nil }
      result.outputs[index] = view
    }
    if let workspace {
      guard let view = replacement(workspace) else { return nil }
      result.workspace = view
    }
    return result
  }

  /// Whether the kernel takes the views as they are.
  public var takesItsViews: Bool {
    switch kernel {
    case .copy:
      !outputs[0].repeatsElements
    case .gemm(let gemm):
      outputs.allSatisfy(\.hasUnitColumns)
        && (!gemm.hasBias || inputs[2].isDense)
        && (!gemm.hasResidual || inputs[inputs.count - 1].hasUnitColumns)
        && (!gemm.isPacked || inputs[1].isDense)
        && (inputs.prefix(2) + outputs).allSatisfy(\.strides.areNotNegative)
    case .recurrentSequenceGradient, .argmax, .shortlistArgMax, .gather, .embedding, .scatterAdd,
      .checkLengths, .crossEntropy, .crossEntropyGradient, .normalization, .normalizationGradient,
      .randomUniform, .pack(.recurrentBias), .pack(.bfloat16Table):
      (inputs + outputs).allSatisfy(\.isDense)
    case .optimizerUpdate:
      inputs[1].rank == 2 && inputs[1].hasUnitColumns
        && ([inputs[0]] + inputs.dropFirst(2) + outputs).allSatisfy(\.isDense)
    case .updateRows:
      inputs[0].rank == 2 && inputs[0].hasUnitColumns && inputs[0].strides.areNotNegative
        && inputs[1].isDense && outputs[0].isDense
    case .softmax:
      inputs[0].isDense && outputs[0].isDense
    case .attention(let attention), .attentionGradient(let attention):
      takesItsViews(attention)
    case .maskedUpdate:
      inputs[0].isDense && inputs[2].hasDenseRows && outputs[0].hasDenseRows
    case .recurrentCell:
      outputs.allSatisfy(\.isDense) && inputs.prefix(2).allSatisfy(\.hasUnitColumns)
        && inputs.dropFirst(2).allSatisfy(\.isDense)
    case .recurrentSequence:
      inputs[0].hasUnitColumns && outputs[0].hasUnitColumns
        && inputs.dropFirst().allSatisfy(\.isDense) && outputs.dropFirst().allSatisfy(\.isDense)
    case .unary, .binary, .compare, .select, .cast, .iota, .reduce,
      .pack(.gemm), .pack(.shortlist), .pack(.recurrentWeights):
      outputs.allSatisfy(\.isDense)
    }
  }
}

extension View {
  /// Whether the elements of a row follow each other.
  var hasUnitColumns: Bool {
    guard let width = shape.last, let stride = strides.last else { return true }
    return width <= 1 || stride == 1
  }

  /// Whether everything behind the first axis is dense.
  var hasDenseRows: Bool { rank == 0 || count == 0 || dropping(0).isDense }
}

extension [Int] {
  fileprivate var areNotNegative: Bool { allSatisfy { $0 >= 0 } }
}
