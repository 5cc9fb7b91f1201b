/// The pointwise part of one step of a cell, in one kernel.
///
/// Operands: the gates' parts from the input `[batch, gates·hidden]` and from the hidden state
/// (same shape), biases included; then c for an LSTM, h for a GRU, `[batch, hidden]`. Results: h',
/// and c' for an LSTM. `gruResetBefore` has no such form: its candidate needs a product in between.
public struct FusedRecurrentCell: OperationRule {
  public static let mnemonics = ["recurrent_cell"]

  /// The cell.
  public let cell: RecurrentCellKind

  /// Creates a cell's step.
  public init(_ cell: RecurrentCellKind) { self.cell = cell }

  public var attributes: [Attribute] { [Attribute("cell", .word(cell.rawValue))] }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .recurrentCell(FusedRecurrentCell(try attributes.word("cell")))
  }

  private var takesState: Bool { cell == .lstm || cell == .gruResetAfter }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    guard cell != .gruResetBefore else {
      throw TypeError("recurrent_cell: gruResetBefore has no pointwise form")
    }
    try expect(takesState ? 3 : 2, operands, of: mnemonic)
    let gates = operands[0]
    guard gates.elementType == .float32, gates.rank == 2,
      let width = gates.shape[1].staticSize, width % cell.gates.count == 0, operands[1] == gates
    else {
      throw TypeError(
        "recurrent_cell: gates are \(gates) and \(operands[1]), expected equal [batch, "
          + "\(cell.gates.count)·hidden]")
    }
    let state = TensorType(
      .float32, [gates.shape[0], Dimension(constant: width / cell.gates.count)])
    if takesState, operands[2] != state {
      throw TypeError("recurrent_cell: state is \(operands[2]), expected \(state)")
    }
    return Array(repeating: state, count: cell.stateCount)
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let (batch, gates) = (operands[0].shape[0], cell.gates.count)
    let hidden = operands[0].shape[1] / gates
    var results = Array(
      repeating: HostTensor(.float32, [batch, hidden], repeating: 0), count: cell.stateCount)
    for row in 0..<batch {
      for unit in 0..<hidden {
        let part = { (tensor: HostTensor) in
          (0..<gates).map { tensor[[row, $0 * hidden + unit]] }
        }
        let new = cell.step(
          x: part(operands[0]), h: part(operands[1]),
          state: takesState ? operands[2][[row, unit]] : 0)
        results[0][[row, unit]] = new.hidden
        if cell == .lstm { results[1][[row, unit]] = new.cell }
      }
    }
    return results
  }
}
