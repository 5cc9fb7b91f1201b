import Foundation
import Kernels

/// The cells' equations in double precision, a row and a step at a time.
extension RecurrentProblem {
  func reference() -> Result {
    var result = Result(
      output: [Float](repeating: 0, count: batch * time * directions.count * hidden),
      hidden: directions.map { _ in [] }, cell: directions.map { _ in [] })
    for (d, direction) in directions.enumerated() {
      let weights = Weights(direction, self)
      for row in 0..<batch {
        let own = row * hidden..<(row + 1) * hidden
        let zeros = [Double](repeating: 0, count: hidden)
        var state = Weights.State(
          hidden: hasInitial ? direction.hidden[own].map(Double.init) : zeros,
          cell: hasInitial ? direction.cell[own].map(Double.init) : zeros)
        let length = lengths?[row] ?? time
        for step in 0..<length {
          let place = row * time + (d == 1 ? length - 1 - step : step)
          let inputs = x[place * input..<(place + 1) * input].map(Double.init)
          state = weights.next(state, inputs)
          let column = (place * directions.count + d) * hidden
          result.output.replaceSubrange(
            column..<column + hidden, with: state.hidden.map(Float.init))
        }
        result.hidden[d] += state.hidden.map(Float.init)
        if kind == KN_CELL_LSTM { result.cell[d] += state.cell.map(Float.init) }
      }
    }
    return result
  }
}

private struct Weights {
  struct State {
    var hidden: [Double], cell: [Double]
  }

  let kind: kn_cell
  let hidden: Int
  let inputWeights: [[Double]], hiddenWeights: [[Double]]
  let inputBias: [[Double]], hiddenBias: [[Double]]

  init(_ direction: RecurrentProblem.Direction, _ problem: RecurrentProblem) {
    (kind, hidden) = (problem.kind, problem.hidden)
    inputWeights = direction.inputWeights.map { $0.map(Double.init) }
    hiddenWeights = direction.hiddenWeights.map { $0.map(Double.init) }
    let scale = problem.hasBias ? 1.0 : 0
    inputBias = direction.inputBias.map { $0.map { Double($0) * scale } }
    hiddenBias = direction.hiddenBias.map { $0.map { Double($0) * scale } }
  }

  private func product(_ x: [Double], _ weights: [Double], _ bias: [Double]) -> [Double] {
    var sums = bias
    weights.withUnsafeBufferPointer { weights in
      sums.withUnsafeMutableBufferPointer { sums in
        for (k, x) in x.enumerated() {
          for u in 0..<hidden { sums[u] += x * weights[k * hidden + u] }
        }
      }
    }
    return sums
  }

  func next(_ state: State, _ x: [Double]) -> State {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    func fromInput(_ gate: Int) -> [Double] { product(x, inputWeights[gate], inputBias[gate]) }
    func fromState(_ gate: Int, _ h: [Double]) -> [Double] {
      product(h, hiddenWeights[gate], hiddenBias[gate])
    }
    func sum(_ gate: Int) -> [Double] {
      zip(fromInput(gate), fromState(gate, state.hidden)).map { $0 + $1 }
    }
    switch kind {
    case KN_CELL_RNN_TANH:
      return State(hidden: sum(0).map { tanh($0) }, cell: state.cell)
    case KN_CELL_RNN_RELU:
      return State(hidden: sum(0).map { $0 < 0 ? 0 : $0 }, cell: state.cell)
    case KN_CELL_LSTM:
      let (i, f, g, o) = (sum(0), sum(1), sum(2), sum(3))
      let cell = (0..<hidden).map { sigmoid(f[$0]) * state.cell[$0] + sigmoid(i[$0]) * tanh(g[$0]) }
      return State(hidden: (0..<hidden).map { sigmoid(o[$0]) * tanh(cell[$0]) }, cell: cell)
    default:
      let r = sum(0).map(sigmoid), z = sum(1).map(sigmoid), xn = fromInput(2)
      let n: [Double]
      if kind == KN_CELL_GRU_RESET_AFTER {
        n = zip(zip(xn, r), fromState(2, state.hidden)).map { tanh($0.0 + $0.1 * $1) }
      } else {
        n = zip(xn, fromState(2, zip(r, state.hidden).map { $0 * $1 })).map { tanh($0 + $1) }
      }
      return State(
        hidden: (0..<hidden).map { n[$0] + z[$0] * (state.hidden[$0] - n[$0]) }, cell: state.cell)
    }
  }
}
