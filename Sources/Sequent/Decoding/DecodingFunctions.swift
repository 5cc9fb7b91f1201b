import SequentIR

/// The functions with which a model decodes, held against what they have to be.
///
/// `encode` reads `source` i32 `[sources, source_time]` with `source_lengths` i32 `[sources]`; what it
/// gives goes into `step` by name. `step` reads `tokens` i32 `[rows]`, what each hypothesis said last,
/// and gives `logits` f32 `[rows, vocabulary]` and perhaps `attention` f32 `[rows, source_time]`.
///
/// - States of `step`, `[rows, …]`, start as what `encode` gives by their name, a row for every
///   source, or as zeros. Pools of keys and values are states too: see `PooledInputs`.
/// - Its other inputs are memory, `[sources, …]`: all hypotheses of a source share it, and
///   `row_sources` i32 `[rows]` says which source a hypothesis belongs to.
struct DecodingFunctions {
  /// The symbol of `step` that counts hypotheses.
  let rows: String
  /// The inputs of `step` that `encode` gives, one for all hypotheses of a source.
  let memory: [(name: String, type: TensorType)]
  /// The states of `step` that `encode` gives, with a row for every hypothesis.
  let firstStates: [(name: String, type: TensorType)]
  /// How `step` takes keys and values of what was said, if it does.
  let pools: PooledInputs?
  /// Whether `step` asks which source a hypothesis belongs to.
  let takesRowSources: Bool
  /// The type of `source_lengths` where `step` takes it.
  let lengths: TensorType?
  /// Whether `step` shows what it attends to.
  let hasAttention: Bool
  /// How many tokens there are to say.
  let vocabularySize: Int

  /// Reads the functions of a module.
  ///
  /// - Throws: `PredictionError` that names what is missing, left over or of another type.
  init(_ module: Module) throws(PredictionError) {
    guard let encode = module.function("encode"), let step = module.function("step") else {
      throw PredictionError(
        message: "a model that decodes has the functions encode and step; '\(module.name)' has "
          + module.functions.map(\.name).joined(separator: ", "))
    }
    let source = try encode.input("source", .int32, rank: 2)
    let lengths = try encode.input("source_lengths", .int32, rank: 1)
    guard encode.inputs.count == 2, source.shape[0] == lengths.shape[0] else {
      throw PredictionError(
        message: "encode takes source i32[sources, source_time] and source_lengths i32[sources]; "
          + "this one takes "
          + encode.inputs.map { "\($0.name) \($0.type)" }.joined(separator: ", "))
    }
    let tokens = try step.input("tokens", .int32, rank: 1)
    guard let rows = tokens.shape[0].symbols.first, tokens.shape[0] == .symbol(rows)
    else {
      throw PredictionError(message: "step takes tokens \(tokens), expected i32[rows]")
    }
    self.rows = rows
    takesRowSources = step.inputNames.contains("row_sources")
    if takesRowSources {
      let rowSources = try step.input("row_sources", .int32, rank: 1)
      guard rowSources == tokens else {
        throw PredictionError(message: "step takes row_sources \(rowSources), expected \(tokens)")
      }
    }
    self.lengths =
      step.inputNames.contains("source_lengths")
      ? try step.input("source_lengths", .int32, rank: 1) : nil

    pools = try PooledInputs(step, rows: tokens.shape[0])
    var known = ["tokens", "row_sources", "source_lengths"]
    if pools != nil { known += PooledInputs.names }
    let states = Set(step.states.values)
    var memory: [(name: String, type: TensorType)] = []
    var firstStates: [(name: String, type: TensorType)] = []
    for (name, type) in step.inputs where !known.contains(name) {
      let given = encode.outputs.first { $0.name == name }?.type
      let isState = states.contains(name)
      if isState, given == nil, let pools, type.shape.first == .symbol(pools.slots) { continue }
      guard isState || given != nil else {
        throw PredictionError(
          message: "step takes '\(name)' \(type), which encode does not give; it gives "
            + encode.resultNames.joined(separator: ", "))
      }
      guard given.map({ $0.fits(type) }) ?? true else {
        throw PredictionError(
          message: "step takes '\(name)' \(type), encode gives \(given.map { "\($0)" } ?? "")")
      }
      guard isState == (type.shape.first == tokens.shape[0]) else {
        throw PredictionError(
          message: "step takes '\(name)' \(type), expected "
            + (isState ? "a state [\(rows), …]" : "memory with an axis of sources in front"))
      }
      if !isState {
        memory.append((name, type))
      } else if given != nil {
        firstStates.append((name, type))
      }
    }
    guard takesRowSources || (memory.isEmpty && self.lengths == nil) else {
      throw PredictionError(
        message: "step takes '\(memory.first?.name ?? "source_lengths")' by source, but no "
          + "row_sources \(tokens) that says which source a row belongs to")
    }
    (self.memory, self.firstStates) = (memory, firstStates)

    let logits = step.outputs.first { $0.name == "logits" }?.type
    guard let logits, logits.elementType == .float32, logits.shape.count == 2,
      logits.shape[0] == tokens.shape[0], let size = logits.shape[1].staticSize, size > 0
    else {
      throw PredictionError(
        message: "step has no output 'logits' f32[\(rows), vocabulary]; it gives "
          + step.outputs.map { "\($0.name) \($0.type)" }.joined(separator: ", "))
    }
    vocabularySize = size
    let attention = step.outputs.first { $0.name == "attention" }?.type
    hasAttention = attention != nil
    if let attention {
      guard attention.elementType == .float32, attention.shape.count == 2,
        attention.shape[0] == tokens.shape[0]
      else {
        throw PredictionError(
          message: "step gives attention \(attention), expected f32[\(rows), source_time]")
      }
    }
  }
}

extension Function {
  /// The type of an input that has to be there.
  func input(
    _ name: String, _ elementType: ElementType, rank: Int
  ) throws(PredictionError) -> TensorType {
    guard let type = inputs.first(where: { $0.name == name })?.type,
      type.elementType == elementType, type.rank == rank
    else {
      throw PredictionError(
        message: "\(self.name) has no input '\(name)' \(elementType.rawValue) with "
          + "\(rank) \(rank == 1 ? "axis" : "axes"); it takes "
          + inputs.map { "\($0.name) \($0.type)" }.joined(separator: ", "))
    }
    return type
  }
}

extension TensorType {
  /// Whether a tensor of this type may be one of another, as far as sizes are known.
  fileprivate func fits(_ other: TensorType) -> Bool {
    elementType == other.elementType && rank == other.rank
      && zip(shape, other.shape).allSatisfy { mine, others in
        mine.staticSize == nil || others.staticSize == nil || mine == others
      }
  }
}
