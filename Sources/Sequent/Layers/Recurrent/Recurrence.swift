import SequentIR

/// Runs a step over the time of sequences, each time with the state that the step before left.
///
///     let sums = recurrence(over: [x], from: [zeros]) { inputs, state in
///       let sum = state[0] + inputs[0]
///       return (state: [sum], outputs: [sum])
///     }
///
/// What `step` uses of tensors outside of it is the same at every step. It is traced once.
///
/// - Parameters:
///   - inputs: sequences, each `[batch, time, …]`; a step gets `[batch, …]` of each.
///   - state: what the first step starts from, each `[batch, …]`.
///   - lengths: i32 `[batch]`: past its length a row's state holds still and its outputs are zero.
///   - isReversed: whether the last step comes first.
///   - step: the state after a step, and what it gives out, of its inputs and the state before.
/// - Returns: the state at the rows' ends, and the outputs of all steps, each `[batch, time, …]`.
public func recurrence(
  over inputs: [Tensor], from state: [Tensor], lengths: Tensor? = nil, isReversed: Bool = false,
  file: String = #fileID, line: Int = #line,
  step: (_ inputs: [Tensor], _ state: [Tensor]) -> (state: [Tensor], outputs: [Tensor])
) -> (state: [Tensor], outputs: [Tensor]) {
  guard let first = inputs.first else {
    state.first?.trace.context.fail(
      "a recurrence has no input to go over", SourceLocation(file: file, line: line))
    return (state.map(\.withoutValue), [])
  }
  let outer = (inputs + state).reduce(first.trace) { $1.trace.isInside($0) ? $1.trace : $0 }
  return outer.context.scope("", SourceLocation(file: file, line: line)) {
    let body = Trace(context: outer.context, enclosing: outer)
    let argument = { (type: TensorType, name: String) in
      Tensor(trace: body, value: body.graph.addArgument(type, name: name), type: type)
    }
    let names = state.indices.map { $0 == 0 ? "h" : ($0 == 1 ? "c" : "s\($0)") }
    let carried = zip(state, names).map { argument($0.type, $1) }
    var slices: [Tensor] = []
    var isSound = true
    for (position, input) in inputs.enumerated() {
      var type = input.type
      if type.rank >= 2 { type.shape.remove(at: 1) }
      guard input.value != nil, input.rank >= 2, input.shape[1] == first.shape[1] else {
        if input.value != nil {
          outer.context.fail(
            "input \(position) of a recurrence is \(input.type), expected an axis 1 of "
              + "\(first.shape.dropFirst().first ?? 1) steps", nil)
        }
        // The step says all the same how many outputs there are.
        slices.append(Tensor(trace: body, value: nil, type: type))
        isSound = false
        continue
      }
      slices.append(argument(type, position == 0 ? "x" : "x\(position)"))
    }
    let (new, outputs) = step(slices, carried)
    let results = (new + outputs).compactMap(body.resolve)
    let isTraced = isSound && results.count == new.count + outputs.count
    guard isTraced, new.count == state.count else {
      if isTraced {
        outer.context.fail("a step gives \(new.count) states, expected \(state.count)", nil)
      }
      return (state.map(\.withoutValue), outputs.map(\.withoutValue))
    }
    body.graph.results = results
    let scan = Scan(
      time: first.shape[1], carryCount: state.count, scannedCount: inputs.count,
      isReversed: isReversed, hasLengths: lengths != nil, body: body.graph)
    let all = outer.emit(
      .scan(scan), state + inputs + body.captures.map(\.outer) + (lengths.map { [$0] } ?? []),
      names: names + outputs.indices.map { $0 == 0 ? "output" : "output\($0)" },
      results: results.count, at: nil)
    return (Array(all.prefix(state.count)), Array(all.dropFirst(state.count)))
  }
}
