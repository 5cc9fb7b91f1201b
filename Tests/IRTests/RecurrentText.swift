import SequentIR

/// Recurrent layers of 2 units over inputs of 3 as text: by the published formulas, and fused.
///
/// Both functions take, for each of two directions, the merged weights w `[3, gates·2]` and
/// u `[2, gates·2]`, the bias b, the candidate's hidden bias d (`gruResetAfter`), and the state.
struct RecurrentText {
  let cell: RecurrentCellKind
  let hasLengths: Bool

  private var gates: Int { cell.gates.count }
  private var width: Int { 2 * gates }
  private var hasHiddenBias: Bool { cell == .gruResetAfter }
  private var states: [String] { cell == .lstm ? ["h", "c"] : ["h"] }

  /// `@textbook` with a scan for each direction, `@fused` with one node.
  var module: String {
    let lengths = hasLengths ? ", %lengths" : ""
    let flags = hasLengths ? ", lengths = true" : ""
    let scans = [0, 1].map { direction in
      let states = names(states, direction)
      return """
            \(list(names(self.states.map { "\($0)_T" }, direction))), %y\(direction) = scan \(list(states)), %x, \(list(names(weights, direction)))\(lengths) {time = time, carry = \(states.count), scanned = 1, reverse = \(direction == 1)\(flags)}
              \(body)
        """
    }
    let bias = hasHiddenBias ? ", hidden_bias = true" : ""
    let operands = [0, 1].flatMap { names(weights, $0) + names(states, $0) }
    let finals = [0, 1].flatMap { names(states.map { "\($0)_T" }, $0) }
    return """
      module @recurrent {
        function @textbook(\(arguments)) -> (\(results)) {
      \(scans.joined(separator: "\n"))
          %y = concatenate %y0, %y1 {axis = 2}
          return %y, \(list(finals))
        }
        function @fused(\(arguments)) -> (\(results)) {
          %y, \(list(finals)) = recurrent_sequence %x, \(list(operands))\(lengths) {cell = \(cell.rawValue), reverse = [false, true], bias = true\(bias)\(flags)}
          return %y, \(list(finals))
        }
      }
      """
  }

  /// `@step` with a cell after the products, `@sequence` over a time of 1.
  var cellModule: String {
    let types = weights.map { "%\($0): \(type(of: $0))" } + states.map { "%\($0): f32[batch, 2]" }
    let signature =
      "(%x: f32[batch, 3], \(types.joined(separator: ", "))) -> ("
      + states.map { "\($0)_T: f32[batch, 2]" }.joined(separator: ", ") + ")"
    let takesState = cell == .lstm || cell == .gruResetAfter
    let operands = ["x_gates", "h_gates"] + (takesState ? [states[states.count - 1]] : [])
    let flags = hasHiddenBias ? ", hidden_bias = true" : ""
    return """
      module @cell {
        function @step\(signature) {
          \(projections)
          \(hasHiddenBias ? hiddenBiasAdded : "%h_gates = add %hu, %zero")
          \(list(states.map { "\($0)_T" })) = recurrent_cell \(list(operands)) {cell = \(cell.rawValue)}
          return \(list(states.map { "\($0)_T" }))
        }
        function @sequence\(signature) {
          %steps = broadcast %x {shape = [batch, 3]}
          %sequence = reshape %steps {shape = [batch, 1, 3]}
          %y, \(list(states.map { "\($0)_T" })) = recurrent_sequence %sequence, \(list(weights + states)) {cell = \(cell.rawValue), reverse = [false], bias = true\(flags)}
          return \(list(states.map { "\($0)_T" }))
        }
      }
      """
  }

  // MARK: - Parts

  private var weights: [String] { ["w", "u", "b"] + (hasHiddenBias ? ["d"] : []) }

  private func type(of weight: String) -> String {
    switch weight {
    case "w": "f32[3, \(width)]"
    case "u": "f32[2, \(width)]"
    case "b": "f32[\(width)]"
    default: "f32[2]"
    }
  }

  private var arguments: String {
    let directions = [0, 1].flatMap { direction in
      weights.map { "%\($0)\(direction): \(type(of: $0))" }
        + states.map { "%\($0)\(direction): f32[batch, 2]" }
    }
    let all =
      ["%x: f32[batch, time, 3]"] + directions + (hasLengths ? ["%lengths: i32[batch]"] : [])
    return all.joined(separator: ", ")
  }

  private var results: String {
    let finals = [0, 1].flatMap { names(states, $0) }.map { "\($0): f32[batch, 2]" }
    return (["y: f32[batch, time, 4]"] + finals).joined(separator: ", ")
  }

  private func names(_ names: [String], _ direction: Int) -> [String] {
    names.map { "\($0)\(direction)" }
  }

  private func list(_ names: [String]) -> String {
    names.map { "%\($0)" }.joined(separator: ", ")
  }

  private var projections: String {
    """
    %xw = matmul %x, %w
    %x_gates = add %xw, %b
    %hu = matmul %h, %u
    %zero = constant {type = f32, shape = [], values = [0]}
    """
  }

  private var hiddenBiasAdded: String {
    """
    %hu_before = slice %hu {axis = 1, start = 0, size = 4}
    %hu_new = slice %hu {axis = 1, start = 4, size = 2}
    %hu_new_d = add %hu_new, %d
    %h_gates = concatenate %hu_before, %hu_new_d {axis = 1}
    """
  }

  /// One step by the formulas in `RecurrentCellKind`; each gate's part is cut out of the products.
  private var body: String {
    let arguments =
      states.map { "%\($0): f32[batch, 2]" } + ["%x: f32[batch, 3]"]
      + weights.map { "%\($0): \(type(of: $0))" }
    let parts = cell.gates.enumerated().map { index, gate in
      """
      %\(gate)_x = slice %x_gates {axis = 1, start = \(2 * index), size = 2}
      %\(gate)_h = slice %hu {axis = 1, start = \(2 * index), size = 2}
      %\(gate) = add %\(gate)_x, %\(gate)_h
      """
    }
    return """
      body(\(arguments.joined(separator: ", "))) {
      \(projections)
      \(parts.joined(separator: "\n"))
      \(step)
      yield \(cell == .lstm ? "%h_next, %c_next" : "%h_next"), %h_next
      }
      """
  }

  private var step: String {
    switch cell {
    case .rnnTanh: "%h_next = tanh %state"
    case .rnnRelu: "%h_next = relu %state"
    case .lstm:
      """
      %i = sigmoid %input
      %f = sigmoid %forget
      %g = tanh %cell
      %o = sigmoid %output
      %kept = multiply %f, %c
      %new = multiply %i, %g
      %c_next = add %kept, %new
      %c_tanh = tanh %c_next
      %h_next = multiply %o, %c_tanh
      """
    case .gruResetAfter:
      """
      %r = sigmoid %reset
      %new_hd = add %new_h, %d
      %new_r = multiply %r, %new_hd
      %n_sum = add %new_x, %new_r
      \(interpolation)
      """
    case .gruResetBefore:
      """
      %r = sigmoid %reset
      %rh = multiply %r, %h
      %rhu = matmul %rh, %u
      %new_r = slice %rhu {axis = 1, start = 4, size = 2}
      %n_sum = add %new_x, %new_r
      \(interpolation)
      """
    }
  }

  /// h' = (1 - z)·n + z·h.
  private var interpolation: String {
    """
    %z = sigmoid %update
    %n = tanh %n_sum
    %one = constant {type = f32, shape = [], values = [1]}
    %rest = subtract %one, %z
    %n_part = multiply %rest, %n
    %h_part = multiply %z, %h
    %h_next = add %n_part, %h_part
    """
  }
}
