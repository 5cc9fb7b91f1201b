import SequentIR

/// What a recurrent layer gives.
public struct RecurrentOutput {
  /// The last layer's output at every step, `[batch, time, directions · hidden]`; zeros past a
  /// row's length.
  public let output: Tensor
  /// The state at every row's end, by layer, then direction, then the cell's own order.
  public let state: [[[Tensor]]]

  /// The last layer's final output, the directions side by side: `[batch, directions · hidden]`.
  public var final: Tensor {
    guard let last = state.last, let first = last.first else { return output }
    let rest = last.dropFirst().map { $0[0] }
    return rest.isEmpty ? first[0] : first[0].concatenated(with: Array(rest), axis: 1)
  }
}

/// Cells run over a sequence, stacked and in one or both directions.
public struct RecurrentLayer<Cell: RecurrentCell>: Layer, NamedParts {
  /// The cells by layer, then direction: forward, backward.
  public let cells: [[Cell]]
  /// What is dropped of the outputs of every layer but the last, in training.
  public let dropout: Dropout

  /// Creates a layer of cells.
  ///
  /// - Parameters:
  ///   - inputSize: the width of the sequence.
  ///   - layers: how many are stacked; each gets the outputs of the one below.
  ///   - bidirectional: whether every layer also runs from the end, the outputs side by side.
  ///   - dropout: what is dropped between layers, in training.
  ///   - makeCell: a cell for an input of a width.
  public init(
    inputSize: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Dropout = Dropout(0),
    makeCell: (Int) -> Cell
  ) {
    self.dropout = dropout
    var width = inputSize
    cells = (0..<max(layers, 1)).map { _ in
      let directions = (0..<(bidirectional ? 2 : 1)).map { _ in makeCell(width) }
      width = directions.reduce(0) { $0 + $1.stateSizes[0] }
      return directions
    }
  }

  /// The width of the output: the last layer's cells side by side.
  public var outputSize: Int { cells.last?.reduce(0) { $0 + $1.stateSizes[0] } ?? 0 }

  /// The cells by layer and direction: `layer0.forward`, `layer0.backward`.
  public var parts: [(name: String, part: Any)] {
    cells.enumerated().flatMap { layer, directions in
      zip(["forward", "backward"], directions).map { ("layer\(layer).\($0)", $1 as Any) }
    }
  }

  /// The outputs of the last layer.
  public func forward(_ x: Tensor) -> Tensor { run(x, lengths: nil, initialState: nil).output }

  /// Runs over a sequence.
  ///
  /// - Parameters:
  ///   - x: the sequence, `[batch, time, input]`.
  ///   - lengths: i32 `[batch]`, each 0 to time; past its length a row's state holds still and its
  ///     outputs are zero, and the backward direction starts at the row's own end.
  ///   - initialState: as in `RecurrentOutput.state`; zeros by default.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor? = nil, initialState: [[[Tensor]]]? = nil,
    file: String = #fileID, line: Int = #line
  ) -> RecurrentOutput {
    let context = x.trace.context
    return context.scope(context.path(of: self), SourceLocation(file: file, line: line)) {
      run(x, lengths: lengths, initialState: initialState)
    }
  }

  private func run(
    _ x: Tensor, lengths: Tensor?, initialState: [[[Tensor]]]?
  ) -> RecurrentOutput {
    var x = x
    var finals: [[[Tensor]]] = []
    if let initialState, initialState.map(\.count) != cells.map(\.count) {
      x.trace.context.fail(
        "the initial state is for \(initialState.map(\.count)) directions by layer, the layer has "
          + "\(cells.map(\.count))", nil)
      return RecurrentOutput(output: x.withoutValue, state: [])
    }
    for (layer, directions) in cells.enumerated() {
      var outputs: [Tensor] = []
      var states: [[Tensor]] = []
      for (direction, cell) in directions.enumerated() {
        let scan = scan(
          cell, over: x, isReversed: direction == 1, lengths: lengths,
          initialState: initialState?[layer][direction])
        outputs.append(scan.output)
        states.append(scan.state)
      }
      finals.append(states)
      x = outputs.count == 1 ? outputs[0] : outputs[0].concatenated(with: [outputs[1]], axis: 2)
      if layer + 1 < cells.count { x = dropout(x) }
    }
    return RecurrentOutput(output: x, state: finals)
  }
}

/// Runs a cell over a sequence `[batch, time, input]`: the outputs of all steps and the final state.
func scan(
  _ cell: some RecurrentCell, over x: Tensor, isReversed: Bool, lengths: Tensor?,
  initialState: [Tensor]?
) -> (output: Tensor, state: [Tensor]) {
  let context = x.trace.context
  let location = SourceLocation(file: "Sequent/RecurrentLayer.swift", line: 0)
  return context.scope(context.path(of: cell), location) {
    let nothing = (x.withoutValue, cell.stateSizes.map { _ in x.withoutValue })
    guard x.value != nil else { return nothing }
    guard x.rank == 3, x.shape[2] == Dimension(constant: cell.inputSize) else {
      context.fail(
        "input is \(x.type), expected f32[batch, time, \(cell.inputSize)] (axis 2 is the width of "
          + "the cell's input weights, [\(cell.inputSize), \(cell.stateSizes[0])])", nil)
      return nothing
    }
    let initial =
      initialState
      ?? cell.stateSizes.map { size in
        x.trace.emit(
          .constant(Constant(0, shape: [x.shape[0], Dimension(constant: size)])), [],
          names: ["zeros"], at: nil)[0]
      }
    guard initial.count == cell.stateSizes.count else {
      context.fail(
        "the initial state has \(initial.count) tensors, the cell's state \(cell.stateSizes.count)",
        nil)
      return nothing
    }
    let result = recurrence(
      over: [x], from: initial, lengths: lengths, isReversed: isReversed, file: location.file
    ) { inputs, state in
      let new = cell.step(inputs[0], state)
      return (new, new.first.map { [$0] } ?? [])
    }
    return (result.outputs.first ?? x.withoutValue, result.state)
  }
}
