import SequentIR

/// The pointwise part of a recurrent cell, recognised from its new state.
///
/// Factors and addends may stand in any order, sums may be associated in any way.
struct CellPattern {
  /// The cell.
  let kind: RecurrentCellKind
  /// For every gate, in the kind's order, the addends of what its function is applied to; the
  /// candidate's of a GRU without what the reset gate acts on.
  var gates: [[Value]]
  /// What the reset gate of a GRU acts on: the factor h·Uₙ + dₙ, or the product (r·h)·Uₙ.
  var resetTerm: Value?
  /// The reset hidden state r·h of `gruResetBefore`.
  var resetState: Value?
  /// The state that the pointwise part reads: c, or h for a GRU.
  var state: Value?
  /// The new state: h', and c' for an LSTM.
  var newState: [Value]
}

extension CellPattern {
  /// Recognises the cell of a state's new value.
  ///
  /// - Parameter states: how many states the step carries, which tells an LSTM from the others.
  init(newHidden: Value, states: Int, in graph: Graph, _ uses: GraphUses) throws(Miss) {
    switch states {
    case 1:
      if graph.operands(of: .add, giving: newHidden) != nil {
        self = try Self.gru(newHidden, graph, uses)
      } else {
        self = try Self.rnn(newHidden, graph, uses)
      }
    case 2: self = try Self.lstm(newHidden, graph, uses)
    default: throw Miss("cell is not rnn, lstm or gru: it carries \(states) states")
    }
  }

  /// h' = f(sum), f a tanh or a relu.
  static func rnn(_ hidden: Value, _ graph: Graph, _ uses: GraphUses) throws(Miss) -> CellPattern {
    for (function, kind) in [(Unary.tanh, RecurrentCellKind.rnnTanh), (.relu, .rnnRelu)] {
      guard let sum = graph.operand(of: function, giving: hidden) else { continue }
      return CellPattern(
        kind: kind, gates: [graph.leaves(of: .add, under: sum, uses)], newState: [hidden])
    }
    throw Miss(
      "cell is not rnn, lstm or gru: its new state is \(graph.describe(hidden)), not a tanh or "
        + "relu of a sum nor (1 - z)·n + z·h")
  }

  /// h' = σ(o)·tanh(c'), c' = σ(f)·c + σ(i)·tanh(g).
  static func lstm(
    _ hidden: Value, _ graph: Graph, _ uses: GraphUses
  ) throws(Miss) -> CellPattern {
    guard
      let (output, new) = graph.product(hidden, .sigmoid, .tanh)
    else {
      throw Miss(
        "cell is not lstm: its h is \(graph.describe(hidden)), not σ(o)·tanh(c)")
    }
    for (kept, written) in graph.orders(of: .add, giving: new) {
      guard let (input, candidate) = graph.product(written, .sigmoid, .tanh) else { continue }
      for (factor, state) in graph.orders(of: .multiply, giving: kept) {
        guard let forget = graph.operand(of: .sigmoid, giving: factor) else { continue }
        return CellPattern(
          kind: .lstm,
          gates: [input, forget, candidate, output].map {
            graph.leaves(of: .add, under: $0, uses)
          },
          state: state, newState: [hidden, new])
      }
    }
    throw Miss(
      "cell is not lstm: its c is \(graph.describe(new)), not σ(f)·c + σ(i)·tanh(g)")
  }

  /// h' = (1 - z)·n + z·h, n = tanh(a + r·b) or n = tanh(a + (r·h)·U).
  static func gru(
    _ hidden: Value, _ graph: Graph, _ uses: GraphUses
  ) throws(Miss) -> CellPattern {
    for (left, right) in graph.orders(of: .add, giving: hidden) {
      for (complement, new) in graph.orders(of: .multiply, giving: left) {
        guard let (one, update) = graph.operands(of: .subtract, giving: complement),
          graph.splat(of: one) == 1, let z = graph.operand(of: .sigmoid, giving: update),
          let n = graph.operand(of: .tanh, giving: new)
        else { continue }
        for (factor, state) in graph.orders(of: .multiply, giving: right) where factor == update {
          var pattern = CellPattern(
            kind: .gruResetAfter, gates: [[], graph.leaves(of: .add, under: z, uses), []],
            state: state, newState: [hidden])
          try pattern.addCandidate(graph.leaves(of: .add, under: n, uses), graph, uses)
          return pattern
        }
      }
    }
    throw Miss(
      "cell is not gru: its h is \(graph.describe(hidden)), not (1 - σ(z))·tanh(n) + σ(z)·h")
  }

  /// Finds the reset gate among the candidate's addends.
  private mutating func addCandidate(
    _ addends: [Value], _ graph: Graph, _ uses: GraphUses
  ) throws(Miss) {
    for (position, addend) in addends.enumerated() {
      var rest = addends
      rest.remove(at: position)
      for (factor, term) in graph.orders(of: .multiply, giving: addend) {
        guard let reset = graph.operand(of: .sigmoid, giving: factor) else { continue }
        gates[0] = graph.leaves(of: .add, under: reset, uses)
        gates[2] = rest
        resetTerm = term
        return
      }
      guard let product = graph.producer(of: addend), case .matmul = product.operation else {
        continue
      }
      for (factor, hidden) in graph.orders(of: .multiply, giving: product.operands[0]) {
        guard hidden == state, let reset = graph.operand(of: .sigmoid, giving: factor) else {
          continue
        }
        gates[0] = graph.leaves(of: .add, under: reset, uses)
        gates[2] = rest
        resetTerm = addend
        resetState = product.operands[0]
        self = CellPattern(
          kind: .gruResetBefore, gates: gates, resetTerm: resetTerm, resetState: resetState,
          state: state, newState: newState)
        return
      }
    }
    throw Miss("cell is not gru: its candidate has no reset gate, σ(r)·(h·U) or (σ(r)·h)·U")
  }
}

extension Graph {
  /// The operands of two functions whose product a value is, in either order.
  fileprivate func product(_ value: Value, _ first: Unary, _ second: Unary) -> (Value, Value)? {
    for (left, right) in orders(of: .multiply, giving: value) {
      if let a = operand(of: first, giving: left), let b = operand(of: second, giving: right) {
        return (a, b)
      }
    }
    return nil
  }
}
