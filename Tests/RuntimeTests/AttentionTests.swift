import SequentIR
import Testing

/// Attention and its gradient on kernels, against the evaluator.
@Suite struct AttentionTests {
  private struct Sizes {
    var batch = 2
    var heads = 4
    var keyHeads = 4
    var queries = 5
    var keys = 7
    var width = 8
    var valueWidth = 3
  }

  /// Output, statistics, weights and gradients of an operation.
  private func check(
    _ operation: FusedAttention, _ sizes: Sizes = Sizes(), headsBehindTime: Bool = false,
    maskShape: [Int] = []
  ) throws {
    let (t, s) = (sizes, sizes.keys)
    let shapes = [
      [t.batch, t.heads, t.queries, t.width], [t.batch, t.keyHeads, s, t.width],
      [t.batch, t.keyHeads, s, t.valueWidth],
    ]
    var inputs: [HostTensor] = []
    let model = try Model { graph in
      var operands: [Value] = []
      func argument(_ name: String, _ tensor: HostTensor) -> Value {
        inputs.append(tensor)
        return graph.addArgument(
          TensorType(tensor.elementType, tensor.shape.map { Dimension(constant: $0) }), name: name)
      }
      for (name, shape) in zip(["q", "k", "v"], shapes) {
        let stored = headsBehindTime ? [0, 2, 1, 3].map { shape[$0] } : shape
        let value = argument(name, .random(stored, seed: UInt64(operands.count + 1)))
        operands.append(
          headsBehindTime
            ? try graph.append(.transpose(Transpose([0, 2, 1, 3])), value) : value)
      }
      if operation.isAdditive { operands.append(argument("vector", .random([t.width], seed: 4))) }
      switch operation.mask {
      case .none: break
      case .additive: operands.append(argument("mask", .random(maskShape, seed: 5)))
      case .select:
        operands.append(
          argument("mask", HostTensor(.bool, maskShape) { $0.reduce(0, +) % 3 == 1 ? 0 : 1 }))
      }
      if operation.hasLengths {
        let lengths = (0..<t.batch).map { Double($0 * s / max(t.batch - 1, 1)) }
        operands.append(argument("lengths", HostTensor(.int32, [t.batch], lengths)))
      }
      let results = try graph.append(.attention(operation), operands)
      let dy = argument("dy", .random(Array(shapes[0].prefix(3)) + [t.valueWidth], seed: 6))
      let gradients = try graph.append(
        .attentionGradient(FusedAttentionGradient(of: operation)),
        operands + [results[0], results[1], dy])
      return (results + gradients).enumerated().map { ("result\($0.offset)", $0.element) }
    }
    try withEachInstructionSet { try model.check(inputs, "\(operation) \($0)") }
  }

  @Test(arguments: [false, true], [false, true])
  func `plain, causal and with lengths`(isAdditive: Bool, headsBehindTime: Bool) throws {
    for operation in [
      FusedAttention(isAdditive: isAdditive, givesWeights: true),
      FusedAttention(isAdditive: isAdditive, scale: 0.3, causal: 2),
      FusedAttention(
        isAdditive: isAdditive, scale: 0.3, causal: 0, hasLengths: true, givesWeights: true),
    ] { try check(operation, headsBehindTime: headsBehindTime) }
  }

  @Test(arguments: [[7], [5, 1], [2, 1, 1, 7], [2, 4, 5, 7]])
  func `masks that stretch`(shape: [Int]) throws {
    for mask in [FusedSoftmax.Mask.additive, .select] {
      try check(FusedAttention(mask: mask, hasLengths: true), maskShape: shape)
      try check(FusedAttention(isAdditive: true, mask: mask), maskShape: shape)
    }
  }

  @Test func `heads share keys, and sizes may be none`() throws {
    try check(FusedAttention(scale: 0.5), Sizes(keyHeads: 2))
    try check(FusedAttention(scale: 0.5), Sizes(keyHeads: 1, queries: 1, keys: 300))
    try check(FusedAttention(), Sizes(keys: 0))
    try check(FusedAttention(), Sizes(queries: 0))
    try check(FusedAttention(causal: 0), Sizes(batch: 0))
  }
}
