import Foundation
import SequentIR

@testable import Sequent

/// A recurrent layer by its equations, in double precision, on Sequent's parameters.
///
/// For a step, with x the input, h and c the state, per gate `g(a) = W_a·x + U_a·h + b_a`:
///
///     rnn    h' = tanh(g(state))
///     lstm   c' = σ(g(forget)) ∘ c + σ(g(input)) ∘ tanh(g(cell))     h' = σ(g(output)) ∘ tanh(c')
///     gru    h' = (1 - z) ∘ n + z ∘ h,   z = σ(g(update)),   r = σ(g(reset)),
///            n = tanh(W·x + U·(r ∘ h) + b)  or, resetting after,  tanh(W·x + b + r ∘ (U·h + c))
struct RecurrentReference {
  enum Kind: String {
    case rnn, lstm, gru

    var gates: [String] {
      switch self {
      case .rnn: ["state"]
      case .lstm: ["input", "forget", "cell", "output"]
      case .gru: ["reset", "update", "new"]
      }
    }
  }

  let kind: Kind
  var path = "encoder"
  var layers = 1
  var isBidirectional = false
  var hasBias = true
  var resetsAfter = false
  let input = 3
  let hidden = 5

  private var directions: [String] { isBidirectional ? ["forward", "backward"] : ["forward"] }

  /// What a module with this layer declares.
  var parameters: [ParameterSpecification] {
    var result: [ParameterSpecification] = []
    for layer in 0..<layers {
      let width = layer == 0 ? input : hidden * directions.count
      for direction in directions {
        for gate in kind.gates {
          let prefix = "\(path).layer\(layer).\(direction).\(gate)"
          func add(_ name: String, _ shape: [Int]) {
            let role: ParameterRole = shape.count == 2 ? .gate : .vector
            result.append(
              ParameterSpecification(name: "\(prefix).\(name)", shape: shape, role: role))
          }
          add("input_weight", [width, hidden])
          add("hidden_weight", [hidden, hidden])
          if hasBias { add("bias", [hidden]) }
          if hasBias, resetsAfter, gate == "new" { add("hidden_bias", [hidden]) }
        }
      }
    }
    return result
  }

  /// The output `[time, directions · hidden]` for a row `[time, input]` of this length; zeros past it.
  func run(_ row: [[Double]], length: Int, _ parameters: [String: TensorData]) -> [[Double]] {
    var values = Array(row[..<length])
    for layer in 0..<layers {
      var outputs = [[Double]](repeating: [], count: length)
      for direction in directions {
        let cell = Cell(self, prefix: "\(path).layer\(layer).\(direction)", parameters)
        let zeros = [Double](repeating: 0, count: hidden)
        var state = (h: zeros, c: zeros)
        var steps: [[Double]] = outputs
        for time in direction == "forward" ? Array(0..<length) : (0..<length).reversed() {
          state = cell.step(values[time], state)
          steps[time] += state.h
        }
        outputs = steps
      }
      values = outputs
    }
    let zeros = [Double](repeating: 0, count: hidden * directions.count)
    return values + [[Double]](repeating: zeros, count: row.count - length)
  }
}

private struct Cell {
  let layer: RecurrentReference
  let prefix: String
  let parameters: [String: TensorData]

  init(_ layer: RecurrentReference, prefix: String, _ parameters: [String: TensorData]) {
    self.layer = layer
    self.prefix = prefix
    self.parameters = parameters
  }

  private func vector(_ name: String) -> [Double] {
    parameters["\(prefix).\(name)"]?.floats.map(Double.init)
      ?? [Double](repeating: 0, count: layer.hidden)
  }

  /// `x · W`, with W `[x.count, hidden]`.
  private func product(_ x: [Double], _ name: String) -> [Double] {
    let weight = vector(name)
    return (0..<layer.hidden).map { unit in
      x.indices.reduce(0) { $0 + x[$1] * weight[$1 * layer.hidden + unit] }
    }
  }

  private func gate(_ name: String, _ x: [Double], _ h: [Double]) -> [Double] {
    product(x, "\(name).input_weight") + product(h, "\(name).hidden_weight")
      + vector("\(name).bias")
  }

  func step(_ x: [Double], _ state: (h: [Double], c: [Double])) -> (h: [Double], c: [Double]) {
    let h = state.h
    switch layer.kind {
    case .rnn: return (gate("state", x, h).map(tanh), state.c)
    case .lstm:
      let c =
        sigmoid(gate("forget", x, h)) * state.c
        + sigmoid(gate("input", x, h)) * gate("cell", x, h).map(tanh)
      return (sigmoid(gate("output", x, h)) * c.map(tanh), c)
    case .gru:
      let reset = sigmoid(gate("reset", x, h))
      let update = sigmoid(gate("update", x, h))
      let new =
        layer.resetsAfter
        ? product(x, "new.input_weight") + vector("new.bias")
          + reset * (product(h, "new.hidden_weight") + vector("new.hidden_bias"))
        : gate("new", x, reset * h)
      return (update.map { 1 - $0 } * new.map(tanh) + update * h, state.c)
    }
  }
}

private func sigmoid(_ values: [Double]) -> [Double] { values.map { 1 / (1 + exp(-$0)) } }
private func + (_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
private func * (_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * $1 } }
