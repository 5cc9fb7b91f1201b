import SequentIR

/// How a decoder is told what its encoder has read.
public enum DecoderGuidance: String, Codable, Hashable, Sendable, CaseIterable {
  /// By its first state alone (Sutskever et al., 2014).
  case initialState
  /// By one vector that is an input of every step, W_dc c (Cho et al., 2014).
  case fixedContext
  /// By attention with the state before the step; the context is an input of the cell, and stands
  /// beside the state in the output (Bahdanau et al., 2015).
  case bahdanau
  /// By attention with the state after the step: the output is tanh(W [context; h]) (Luong et al.,
  /// 2015).
  case luong
  /// As `luong`, and the output is an input of the next step.
  case luongInputFeeding

  /// Whether it looks at all that the encoder read.
  public var usesAttention: Bool { self != .initialState && self != .fixedContext }
}

/// What all steps of a decoder see of what its encoder read.
public struct DecoderMemory {
  /// What attention looks at.
  public var attention: AttentionMemory?
  /// The one vector that is an input of every step, `[batch, width]`.
  public var context: Tensor?
}

/// What a decoder carries from step to step.
public struct DecoderState {
  /// The state of the cells by layer, in the cells' own order, each `[batch, width]`.
  public var cells: [[Tensor]]
  /// With input feeding, the output of the step before, `[batch, width]`.
  public var feed: Tensor?

  /// All tensors in a row.
  public var tensors: [Tensor] { cells.flatMap { $0 } + (feed.map { [$0] } ?? []) }

  /// The state of the same form with other tensors.
  func with(_ tensors: [Tensor]) -> DecoderState {
    var rest = tensors[...]
    let cells = cells.map { layer in layer.compactMap { _ in rest.popFirst() } }
    return DecoderState(cells: cells, feed: feed == nil ? nil : rest.popFirst())
  }
}

/// Cells that say a sequence step by step, guided by what an encoder read.
///
///     let decoder = RecurrentDecoder(
///       input: 64, memory: 256, guidance: .bahdanau,
///       attention: Attention(.additive(query: 256, memory: 256, units: 256))
///     ) { LSTMCell($0, 256) }
///     let memory = decoder.memory(encoded.output, lengths: lengths, final: encoded.final)
///     let said = decoder(words, from: decoder.initialState(bridge(encoded.state)), memory)
public struct RecurrentDecoder<Cell: RecurrentCell, Score: AttentionScore>: Sendable {
  /// The cells, the lowest first.
  public let cells: [Cell]
  /// How it is told what was read.
  public let guidance: DecoderGuidance
  /// What looks at what was read.
  public let attention: Attention<Score>?
  /// Luong's W, `[memory + hidden, hidden]`.
  public let combination: Linear?
  /// What is dropped between the cells, in training.
  public let dropout: Dropout
  private let inputSize: Int
  private let memorySize: Int

  /// Creates a decoder.
  ///
  /// - Parameters:
  ///   - input: the width of what is read at every step.
  ///   - memory: the width of what the encoder gives at every step.
  ///   - attention: its queries are as wide as the highest cell's output; needed by guidances that
  ///     use one, left out by the others.
  ///   - makeCell: a cell for an input of a width.
  public init(
    input: Int, memory: Int, layers: Int = 1, guidance: DecoderGuidance = .bahdanau,
    attention: Attention<Score>, dropout: Dropout = Dropout(0), makeCell: (Int) -> Cell
  ) {
    self.guidance = guidance
    self.dropout = dropout
    self.attention = guidance.usesAttention ? attention : nil
    (inputSize, memorySize) = (input, memory)
    var cells: [Cell] = []
    // What a fed output is wide: as wide as the highest cell, which is made like the others.
    let hidden = makeCell(input).stateSizes[0]
    for layer in 0..<max(layers, 1) {
      let extra =
        switch guidance {
        case .initialState, .luong: 0
        case .fixedContext, .bahdanau: memory
        case .luongInputFeeding: hidden
        }
      cells.append(makeCell(layer == 0 ? input + extra : cells[layer - 1].stateSizes[0]))
    }
    self.cells = cells
    combination =
      guidance == .luong || guidance == .luongInputFeeding ? Linear(memory + hidden, hidden) : nil
  }

  /// The width of the output: the highest cell's, with Bahdanau's context beside it.
  public var outputSize: Int { hiddenSize + (guidance == .bahdanau ? memorySize : 0) }

  private var hiddenSize: Int { cells[cells.count - 1].stateSizes[0] }

  /// What the decoder sees of what was read.
  ///
  /// - Parameters:
  ///   - encoded: `[batch, time, memory]`.
  ///   - lengths: i32 `[batch]`.
  ///   - final: what a fixed context is, `[batch, memory]`.
  public func memory(_ encoded: Tensor, lengths: Tensor?, final: Tensor) -> DecoderMemory {
    DecoderMemory(
      attention: attention.map { $0.memory(encoded, lengths: lengths) },
      context: guidance == .fixedContext ? final : nil)
  }

  /// The state before the first step, from the cells' own by layer.
  public func initialState(_ cells: [[Tensor]]) -> DecoderState {
    let feed = guidance == .luongInputFeeding ? cells.last?.first.map { $0 * 0.0 } : nil
    return DecoderState(cells: cells, feed: feed)
  }

  /// The widths of the state: of the cells by layer, and of the output that is fed.
  public var stateSizes: (cells: [[Int]], feed: Int?) {
    (cells.map(\.stateSizes), guidance == .luongInputFeeding ? hiddenSize : nil)
  }

  /// One step: what it says, in parts that stand side by side, and the attention's weights.
  ///
  /// - Parameter x: `[batch, input]`.
  public func step(
    _ x: Tensor, _ state: DecoderState, _ memory: DecoderMemory
  ) -> (state: DecoderState, outputs: [Tensor], weights: Tensor?) {
    guard state.cells.count == cells.count, let last = state.cells.last?.first else {
      x.trace.context.fail(
        "the decoder's state is for \(state.cells.count) layers, it has \(cells.count)", nil)
      return (state, [x.withoutValue], nil)
    }
    var below = x
    var seen: AttentionOutput?
    if let context = memory.context { below = x.concatenated(with: [context], axis: 1) }
    if guidance == .bahdanau, let attention, let memory = memory.attention {
      let output = attention(last, memory)
      below = x.concatenated(with: [output.context], axis: 1)
      seen = output
    }
    if let feed = state.feed { below = x.concatenated(with: [feed], axis: 1) }
    var new = state
    for (layer, cell) in cells.enumerated() {
      new.cells[layer] = cell.trace(below, state.cells[layer])
      below = new.cells[layer].first ?? below
      if layer + 1 < cells.count { below = dropout(below) }
    }
    guard let attention, let memory = memory.attention else { return (new, [below], nil) }
    if let seen { return (new, [below, seen.context], seen.weights) }
    let output = attention(below, memory)
    var said = output.context.concatenated(with: [below], axis: 1)
    if let combination { said = tanh(combination(said)) }
    if new.feed != nil { new.feed = said }
    return (new, [said], output.weights)
  }

  /// All steps of a sequence that is given.
  ///
  /// - Parameters:
  ///   - xs: `[batch, time, input]`.
  ///   - lengths: i32 `[batch]`; past them outputs are zeros.
  ///   - feedback: with which the decoder sometimes reads what it said itself.
  /// - Returns: what was said, `[batch, time, outputSize]`, and the state at the end.
  public func callAsFunction(
    _ xs: Tensor, from state: DecoderState, _ memory: DecoderMemory, lengths: Tensor? = nil,
    feedback: Feedback? = nil, file: String = #fileID, line: Int = #line
  ) -> (output: Tensor, state: DecoderState) {
    xs.trace.context.scope(
      xs.trace.context.path(of: self), SourceLocation(file: file, line: line)
    ) {
      var inputs = [xs]
      var carried = state.tensors
      let draws = feedback?.draws(xs)
      if let draws {
        inputs.append(draws)
        carried.append(
          xs.trace.emit(
            .constant(Constant(0, shape: [xs.shape[0], xs.shape[2]])), [], names: ["said"], at: nil)[
              0])
      }
      let run = recurrence(over: inputs, from: carried, lengths: lengths) { slices, carried in
        let before = state.with(carried)
        var x = slices[0]
        if draws != nil, let own = carried.last {
          x = select(x.scalar(0) .< slices[1].expanded(at: 1), own, x)
        }
        let step = step(x, before, memory)
        var after = step.state.tensors
        if draws != nil, let feedback { after.append(feedback.read(joined(step.outputs))) }
        return (state: after, outputs: step.outputs)
      }
      return (joined(run.outputs), state.with(run.state))
    }
  }

  /// The parts of an output side by side.
  func joined(_ parts: [Tensor]) -> Tensor {
    guard let first = parts.first, parts.count > 1 else { return parts[0] }
    return first.concatenated(with: Array(parts.dropFirst()), axis: first.rank - 1)
  }
}

extension RecurrentCell {
  /// A step under the path of the cell's weights.
  fileprivate func trace(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
    let context = x.trace.context
    return context.scope(
      context.path(of: self), SourceLocation(file: "Sequent/RecurrentDecoder.swift", line: 0)
    ) { step(x, state) }
  }
}
