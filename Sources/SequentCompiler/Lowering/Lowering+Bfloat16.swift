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

  /// Rows of a table; one that was stored in bfloat16 stays so in memory.
  mutating func gather(from table: View, _ indices: View, into output: View) throws {
    if table.isDense, isBfloat16(table) {
      let rows = try packed(.bfloat16Table, [table])
      emit(.gather(bfloat16Rows: table.shape[0]), [rows, indices], into: output)
    } else {
      emit(.gather(bfloat16Rows: nil), [try dense(table), indices], into: output)
    }
  }
}
