import SequentIR

/// The keys and values of what a model has read, as states of a function: for every layer a pool
/// `[slots, width]` that all rows share.
///
/// The caller says which slot every new token takes, and which slots a row sees; so a row that is forked
/// shares all that it has read, and nothing is copied. Slot 0 is for what nobody reads again.
///
///     tokens that begin rows     slots i32 [rows, time]
///     one token of every row     slots i32 [rows, 1], table i32 [rows, keys]
struct KeyValueCache {
  private let inputs: Inputs
  private let pools: [(keys: Tensor, values: Tensor)]
  /// Which slot every new token's key and value go to.
  let slots: Tensor
  /// The slots of all that a row sees, its new token's among them; nil where rows begin.
  let table: Tensor?
  /// How many keys a row sees, i32 `[rows]`.
  let lengths: Tensor

  /// Declares the states of a function.
  ///
  /// - Parameter widths: of every layer's keys and values.
  init(_ inputs: Inputs, widths: [Int], slots: Tensor, table: Tensor? = nil, lengths: Tensor) {
    self.inputs = inputs
    (self.slots, self.table, self.lengths) = (slots, table, lengths)
    pools = widths.enumerated().map { layer, width in
      let shape: [Dimension] = ["slots", Dimension(constant: width)]
      return (
        inputs.state("cache.layer\(layer).keys", shape),
        inputs.state("cache.layer\(layer).values", shape)
      )
    }
  }

  /// The cache of a function that reads a token of every row, and how many came before it, i32 `[rows]`.
  static func ofStep(_ inputs: Inputs, widths: [Int]) -> (cache: KeyValueCache, past: Tensor) {
    let past = inputs.tensor("past", .int32, ["rows"])
    let cache = KeyValueCache(
      inputs, widths: widths, slots: inputs.tensor("slots", .int32, ["rows"]).expanded(at: 1),
      table: inputs.tensor("table", .int32, ["rows", "keys"]), lengths: past + 1)
    return (cache, past)
  }

  /// A layer's pools with new keys and values `[rows, time, width]` in their slots.
  func extend(_ layer: Int, _ keys: Tensor, _ values: Tensor) -> (keys: Tensor, values: Tensor) {
    let new = (
      pools[layer].keys.replacing(rows: slots, by: keys),
      pools[layer].values.replacing(rows: slots, by: values)
    )
    inputs.update(pools[layer].keys, to: new.0)
    inputs.update(pools[layer].values, to: new.1)
    return new
  }
}
