import SequentIR

extension ConstantPool {
  /// Whether all elements of a constant are bfloat16 numbers: it was stored so, or put together from
  /// what was.
  func isBfloat16(_ position: Int) -> Bool {
    switch entries[position].definition {
    case .parameter(let name): bfloat16Parameters.contains(name)
    case .operation(.concatenate, let views, _): views.allSatisfy { isBfloat16($0.buffer) }
    case .operation, .literal, .packed: false
    }
  }
}

extension Lowerer {
  /// Whether a view shows a constant whose elements are all bfloat16 numbers.
  func isBfloat16(_ view: View) -> Bool {
    constantPosition(of: view).map(constants.isBfloat16) ?? false
  }

  /// A table as kernels take it; one that was stored in bfloat16 stays so in memory, and its rows are
  /// counted.
  private mutating func packed(table: View) throws -> (view: View, bfloat16Rows: Int?) {
    guard table.isDense, isBfloat16(table) else { return (try dense(table), nil) }
    return (try packed(.bfloat16Table, [table]), table.shape[0])
  }

  /// Rows of a table.
  mutating func gather(from table: View, _ indices: View, into output: View) throws {
    let (rows, bfloat16Rows) = try packed(table: table)
    emit(.gather(bfloat16Rows: bfloat16Rows), [rows, indices], into: output)
  }

  /// Rows of tables and tensors, added up and normalised.
  mutating func embedding(
    _ embedding: FusedEmbedding, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    let operands = embedding.sorted(operands)
    var inputs: [View] = []
    var bfloat16Rows: [Int?] = []
    for (source, indices) in operands.terms {
      let (rows, count) = indices == nil ? (try dense(source), nil) : try packed(table: source)
      bfloat16Rows.append(count)
      inputs.append(rows)
      if let indices { inputs.append(try dense(indices)) }
    }
    for vector in operands.vectors { inputs.append(try dense(vector)) }
    let outputs = try shapes.map { try allocate(.float32, $0) }
    emit(
      .embedding(Kernel.Embedding(sum: embedding, bfloat16Rows: bfloat16Rows)), inputs,
      into: outputs)
    return outputs
  }
}
