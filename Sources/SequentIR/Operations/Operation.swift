/// Every operation there is, by family.
///
/// What an operation means is in the payload's own file. Only passes create the fused ones; a traced model holds primitives and scans.
public enum Operation: Hashable, Sendable {
  case constant(Constant)
  case iota(Iota)
  case unary(Unary)
  case binary(Binary)
  case compare(Compare)
  case select(Select)
  case cast(Cast)
  case stopGradient(StopGradient)
  case matmul(MatMul)
  case reduce(Reduce)
  case argmax(ArgMax)
  case reshape(Reshape)
  case transpose(Transpose)
  case broadcast(Broadcast)
  case slice(Slice)
  case concatenate(Concatenate)
  case updateSlice(UpdateSlice)
  case updateRows(UpdateRows)
  case gather(Gather)
  case contract(Contract)
  case scatterAdd(ScatterAdd)
  case size(Size)
  case splitTime(SplitTime)
  case joinTime(JoinTime)
  case chunkLengths(ChunkLengths)
  indirect case scan(Scan)
  case linear(FusedLinear)
  case matmulArgMax(FusedArgMax)
  case softmax(FusedSoftmax)
  case normalization(FusedNormalization)
  case normalizationGradient(NormalizationGradient)
  case embedding(FusedEmbedding)
  case attention(FusedAttention)
  case attentionGradient(FusedAttentionGradient)
  case recurrentCell(FusedRecurrentCell)
  case recurrentSequence(FusedRecurrentSequence)
  case recurrentSequenceGradient(RecurrentSequenceGradient)
  case crossEntropy(FusedCrossEntropy)
  case crossEntropyGradient(CrossEntropyGradient)
  case randomUniform(RandomUniform)
  case optimizerUpdate(OptimizerUpdate)
}

extension Operation {
  /// The payload, as what all operations have in common: the first of the two switches over
  /// operations in the repository (the other is the compiler's lowering).
  public var rule: any OperationRule {
    switch self {
    case .constant(let payload): payload
    case .iota(let payload): payload
    case .unary(let payload): payload
    case .binary(let payload): payload
    case .compare(let payload): payload
    case .select(let payload): payload
    case .cast(let payload): payload
    case .stopGradient(let payload): payload
    case .matmul(let payload): payload
    case .reduce(let payload): payload
    case .argmax(let payload): payload
    case .reshape(let payload): payload
    case .transpose(let payload): payload
    case .broadcast(let payload): payload
    case .slice(let payload): payload
    case .concatenate(let payload): payload
    case .updateSlice(let payload): payload
    case .updateRows(let payload): payload
    case .gather(let payload): payload
    case .contract(let payload): payload
    case .scatterAdd(let payload): payload
    case .size(let payload): payload
    case .splitTime(let payload): payload
    case .joinTime(let payload): payload
    case .chunkLengths(let payload): payload
    case .scan(let payload): payload
    case .linear(let payload): payload
    case .matmulArgMax(let payload): payload
    case .softmax(let payload): payload
    case .normalization(let payload): payload
    case .normalizationGradient(let payload): payload
    case .embedding(let payload): payload
    case .attention(let payload): payload
    case .attentionGradient(let payload): payload
    case .recurrentCell(let payload): payload
    case .recurrentSequence(let payload): payload
    case .recurrentSequenceGradient(let payload): payload
    case .crossEntropy(let payload): payload
    case .crossEntropyGradient(let payload): payload
    case .randomUniform(let payload): payload
    case .optimizerUpdate(let payload): payload
    }
  }

  /// The words of all operations in the text form.
  public static var mnemonics: [String] { families.flatMap { $0.mnemonics } }

  /// Every family, for the parser: a new family is named here once.
  static let families: [any OperationRule.Type] = [
    Constant.self, Iota.self, Unary.self, Binary.self, Compare.self, Select.self, Cast.self,
    StopGradient.self, MatMul.self, Reduce.self, ArgMax.self, Reshape.self, Transpose.self,
    Broadcast.self, Slice.self, Concatenate.self, UpdateSlice.self, UpdateRows.self, Gather.self,
    Contract.self, ScatterAdd.self, Size.self, SplitTime.self, JoinTime.self, ChunkLengths.self,
    Scan.self, FusedLinear.self, FusedArgMax.self, FusedSoftmax.self, FusedNormalization.self,
    NormalizationGradient.self, FusedEmbedding.self, FusedAttention.self,
    FusedAttentionGradient.self, FusedRecurrentCell.self, FusedRecurrentSequence.self,
    RecurrentSequenceGradient.self, FusedCrossEntropy.self, CrossEntropyGradient.self,
    RandomUniform.self, OptimizerUpdate.self,
  ]
}

/// What every operation says of itself: its text, its types and its meaning.
public protocol OperationRule: Hashable, Sendable {
  /// The words of the text form that stand for this family.
  static var mnemonics: [String] { get }
  /// This operation's word: one of `mnemonics`.
  var mnemonic: String { get }
  /// What the text form prints in braces after the operands, in order.
  var attributes: [Attribute] { get }
  /// Reads an operation of the text form.
  static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation
  /// The types of the results, or why the operands do not fit.
  func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType]
  /// The meaning: the results for operands, in double precision. The oracle for passes and kernels.
  func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor]
  /// Adds what computes the gradients of the operands from those of the results.
  ///
  /// - Parameters:
  ///   - node: the operation in the builder's graph, with its operands and results.
  ///   - upstream: the gradient for every result; nil where nothing depends on it.
  /// - Returns: a gradient for every operand, of its type; nil where there is none.
  func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?]
}

extension OperationRule {
  /// This operation's word: the only one.
  public var mnemonic: String { Self.mnemonics[0] }
  /// No attributes.
  public var attributes: [Attribute] { [] }
  /// No gradient: the results do not depend smoothly on the operands.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] { node.operands.map { _ in nil } }
}

/// Checks that the operation got as many operands as it takes.
func expect(
  _ count: Int, _ operands: [TensorType], of mnemonic: String
) throws(TypeError) {
  guard operands.count == count else {
    throw TypeError("\(mnemonic) takes \(count) operands, got \(operands.count)")
  }
}

/// Checks an operand's element type.
func expect(
  _ elementType: ElementType, _ operand: TensorType, _ what: String
) throws(TypeError) {
  guard operand.elementType == elementType else {
    throw TypeError("\(what) is \(operand), expected elements of \(elementType.rawValue)")
  }
}

/// The shape of an elementwise result: sizes of 1 stretch, axes line up from the last.
///
/// - Throws: `TypeError` naming both shapes and the axis where they differ.
public func broadcastShape(
  _ left: [Dimension], _ right: [Dimension], of what: String
) throws(TypeError) -> [Dimension] {
  var result: [Dimension] = []
  let rank = max(left.count, right.count)
  for axis in 0..<rank {
    let a = axis - (rank - left.count)
    let b = axis - (rank - right.count)
    let l: Dimension = a >= 0 ? left[a] : 1
    let r: Dimension = b >= 0 ? right[b] : 1
    if l == r || r == 1 {
      result.append(l)
    } else if l == 1 {
      result.append(r)
    } else {
      throw TypeError(
        "\(what): shapes \(shapeText(left)) and \(shapeText(right)) differ in axis \(axis - rank): "
          + "\(l) and \(r)")
    }
  }
  return result
}

/// A shape as the text form writes it: `[batch, time, 48]`.
public func shapeText(_ shape: [Dimension]) -> String {
  "[\(shape.map(\.description).joined(separator: ", "))]"
}
