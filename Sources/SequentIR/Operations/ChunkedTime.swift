/// Time cut into chunks of as many steps: `[batch, time, …]` to `[batch, "time/8", 8, …]`.
///
/// Zeros fill the last chunk: `%y = split_time %x {steps = 8}`.
public struct SplitTime: OperationRule {
  public static let mnemonics = ["split_time"]

  /// The steps of a chunk.
  public let steps: Int

  /// Creates a split.
  public init(steps: Int) { self.steps = steps }

  public var attributes: [Attribute] { [Attribute("steps", .integer(steps))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .splitTime(SplitTime(steps: try attributes.integer("steps")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    var type = operands[0]
    guard type.rank >= 2, let chunks = type.shape[1].dividedRoundingUp(by: steps) else {
      throw TypeError("split_time: axis 1 of \(type) cannot be cut into chunks of \(steps)")
    }
    type.shape.replaceSubrange(1...1, with: [chunks, Dimension(constant: steps)])
    return [type]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let x = operands[0]
    let time = x.shape[1]
    var shape = x.shape
    shape.replaceSubrange(1...1, with: [(time + steps - 1) / steps, steps])
    return [
      HostTensor(x.elementType, shape) { index in
        let step = index[1] * steps + index[2]
        return step < time ? x[[index[0], step] + index.dropFirst(3)] : 0
      }
    ]
  }

  /// The gradients of the chunks in a row.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    let time = b.type(of: node.operands[0]).shape[1]
    return [try b.emit(.joinTime(JoinTime(time: time)), dy)]
  }
}

/// Chunks of time in a row, without what fills the last one: the inverse of `split_time`.
///
/// `%x = join_time %y {time = time}`.
public struct JoinTime: OperationRule {
  public static let mnemonics = ["join_time"]

  /// The number of steps.
  public let time: Dimension

  /// Creates a join.
  public init(time: Dimension) { self.time = time }

  public var attributes: [Attribute] { [Attribute("time", .dimension(time))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .joinTime(JoinTime(time: try attributes.dimension("time")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    var type = operands[0]
    guard type.rank >= 3, let steps = type.shape[2].staticSize,
      time.dividedRoundingUp(by: steps) == type.shape[1]
    else { throw TypeError("join_time: \(type) does not hold \(time) steps in chunks") }
    type.shape.replaceSubrange(1...2, with: [time])
    return [type]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let x = operands[0]
    let steps = x.shape[2]
    var shape = x.shape
    shape.replaceSubrange(1...2, with: [try time.size(bindings)])
    return [
      HostTensor(x.elementType, shape) { index in
        x[[index[0], index[1] / steps, index[1] % steps] + index.dropFirst(2)]
      }
    ]
  }

  /// The gradients cut into chunks.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    guard let dy = upstream[0] else { return [nil] }
    let steps = b.type(of: node.operands[0]).shape[2].staticSize ?? 1
    return [try b.emit(.splitTime(SplitTime(steps: steps)), dy)]
  }
}

/// How many steps of every chunk a row has, i32 `[batch]` to `[batch, "time/8"]`: what is left of its
/// length where the chunk begins, between 0 and 8.
///
/// `%n = chunk_lengths %lengths {time = time, steps = 8}`; a length outside 0 to time is an error.
public struct ChunkLengths: OperationRule {
  public static let mnemonics = ["chunk_lengths"]

  /// The number of steps.
  public let time: Dimension
  /// The steps of a chunk.
  public let steps: Int

  /// Creates the lengths of chunks.
  public init(time: Dimension, steps: Int) {
    self.time = time
    self.steps = steps
  }

  public var attributes: [Attribute] {
    [Attribute("time", .dimension(time)), Attribute("steps", .integer(steps))]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .chunkLengths(
      ChunkLengths(
        time: try attributes.dimension("time"), steps: try attributes.integer("steps")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    try expect(.int32, operands[0], "chunk_lengths: operand")
    guard operands[0].rank == 1, let chunks = time.dividedRoundingUp(by: steps) else {
      throw TypeError(
        "chunk_lengths: \(operands[0]) are no lengths of up to \(time) steps in chunks of \(steps)")
    }
    return [TensorType(.int32, operands[0].shape + [chunks])]
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (lengths, limit) = (operands[0].values, try time.size(bindings))
    if let row = lengths.firstIndex(where: { $0 < 0 || $0 > Double(limit) }) {
      throw EvaluationError(
        "chunk_lengths: lengths[\(row)] is \(Int(lengths[row])), expected 0 to \(limit)")
    }
    return [
      HostTensor(.int32, [lengths.count, (limit + steps - 1) / steps]) { index in
        min(max(lengths[index[0]] - Double(index[1] * steps), 0), Double(steps))
      }
    ]
  }
}
