import SequentIR

/// What a function takes that reads a token of every row, and keeps the keys and values of what rows have
/// read in pools of slots.
///
///     slots i32 [rows]         where the key and value of each row's token go
///     past  i32 [rows]         how many tokens the row has read before
///     table i32 [rows, keys]   the slots of all that it sees, the token's among them
///
/// The pools are states `[slots, width]`, which all rows share.
struct PooledInputs {
  /// The inputs.
  static let names = ["slots", "past", "table"]
  /// The symbols that count the pools' slots, and the keys that a row sees.
  let slots, keys: String
  /// What a slot takes in all pools together.
  let bytesPerSlot: Int

  /// Reads a function; nil for one without a table.
  ///
  /// - Throws: `PredictionError` that names what is missing or of another type.
  init?(_ step: Function, rows: Dimension) throws(PredictionError) {
    guard step.inputNames.contains("table") else { return nil }
    for name in ["slots", "past"] {
      let type = try step.input(name, .int32, rank: 1)
      guard type.shape[0] == rows else {
        throw PredictionError(message: "\(step.name) takes \(name) \(type), expected i32[\(rows)]")
      }
    }
    let table = try step.input("table", .int32, rank: 2)
    guard table.shape[0] == rows, let keys = table.shape[1].onlySymbol else {
      throw PredictionError(
        message: "\(step.name) takes table \(table), expected i32[\(rows), keys]")
    }
    let states = Set(step.states.values)
    let pools = step.inputs.filter { states.contains($0.name) && $0.type.shape.first != rows }
    guard let count = pools.first?.type.shape.first, let slots = count.onlySymbol,
      pools.allSatisfy({ $0.type.shape[0] == count && $0.type.slotBytes != nil })
    else {
      throw PredictionError(
        message: "\(step.name) takes a table of slots, but its states are no pools [slots, width]: "
          + pools.map { "\($0.name) \($0.type)" }.joined(separator: ", "))
    }
    (self.slots, self.keys) = (slots, keys)
    bytesPerSlot = pools.reduce(0) { $0 + ($1.type.slotBytes ?? 0) }
  }
}

extension Dimension {
  /// The symbol that it is, if it is nothing more.
  fileprivate var onlySymbol: String? {
    symbols.first.flatMap { self == .symbol($0) ? $0 : nil }
  }
}

extension TensorType {
  /// What a row of the first axis takes, where the others have known sizes and it is below a gigabyte.
  fileprivate var slotBytes: Int? {
    let sizes = shape.dropFirst().compactMap(\.staticSize)
    guard sizes.count + 1 == shape.count, let count = TensorData.count(of: sizes),
      count < 1 << 28
    else { return nil }
    return 4 * count
  }
}
