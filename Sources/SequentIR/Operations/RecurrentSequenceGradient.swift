/// The gradient of `recurrent_sequence`: backpropagation through time in one kernel.
///
/// Operands: those of the forward operation; its outputs and what it saved; then the gradients of
/// the outputs and of every direction's final state, as far as `hasUpstream` says there are any.
/// Results: the gradients of the forward operands, lengths left out, in their order.
///
/// For dg the gradient of the gates' sums: dx = dg · Wᵀ, dW = Σ xₜᵀ · dgₜ, dU = Σ hₜ₋₁ᵀ · dgₜ,
/// db = Σ dg, dhₜ₋₁ = dgₜ · Uᵀ. Steps at or past a row's length pass the state's gradient on.
public struct RecurrentSequenceGradient: OperationRule {
  public static let mnemonics = ["recurrent_sequence_gradient"]

  /// The operation whose gradient this is.
  public let forward: FusedRecurrentSequence
  /// For the outputs and every final state, whether their gradient is among the operands.
  public let hasUpstream: [Bool]

  /// Creates the gradient of an operation.
  public init(of forward: FusedRecurrentSequence, hasUpstream: [Bool]) {
    self.forward = forward
    self.hasUpstream = hasUpstream
  }

  public var attributes: [Attribute] {
    forward.attributes + [Attribute("upstream", .list(hasUpstream.map(AttributeValue.flag)))]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    guard
      case .recurrentSequence(let forward) =
        try FusedRecurrentSequence.parse(mnemonic, attributes)
    else { throw TypeError("\(mnemonic): not a recurrent layer") }
    return .recurrentSequenceGradient(
      RecurrentSequenceGradient(of: forward, hasUpstream: try attributes.flags("upstream")))
  }

  /// How many operands the forward operation has.
  public var forwardOperandCount: Int {
    1 + forward.isReversed.count * forward.operandsPerDirection + (forward.hasLengths ? 1 : 0)
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    let count = forwardOperandCount
    guard forward.savesGates,
      hasUpstream.count == 1 + forward.isReversed.count * forward.cell.stateCount
    else {
      throw TypeError("\(mnemonic): of a layer that saves its gates, an upstream flag a result")
    }
    try expect(count + 2 + hasUpstream.count { $0 }, operands, of: mnemonic)
    let results = try forward.resultTypes(Array(operands.prefix(count)))
    var wanted = [results[0], results[results.count - 1]]
    for (position, isGiven) in hasUpstream.enumerated() where isGiven {
      wanted.append(results[position])
    }
    for (given, wanted) in zip(operands.dropFirst(count), wanted) where given != wanted {
      throw TypeError("\(mnemonic): operand is \(given), expected \(wanted)")
    }
    return Array(operands.prefix(count - (forward.hasLengths ? 1 : 0)))
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let count = forwardOperandCount
    let x = operands[0]
    var upstream = operands.dropFirst(count + 2)
    let given: [HostTensor?] = hasUpstream.map { $0 ? upstream.removeFirst() : nil }
    let lengths = forward.hasLengths ? operands[count - 1].values.map { Int($0) } : nil
    var dx = HostTensor(.float32, x.shape, repeating: 0)
    var results: [HostTensor] = []
    for (position, direction) in forward.directions(operands).enumerated() {
      let states = forward.cell.stateCount
      var pass = BackwardPass(
        forward: forward, direction: direction, position: position,
        finals: Array(given[1 + position * states..<1 + (position + 1) * states]))
      for row in 0..<x.shape[0] {
        pass.run(
          row: row, x: x, length: lengths?[row] ?? x.shape[1], dy: given[0], dx: &dx)
      }
      results += pass.gradients
    }
    return [dx] + results
  }
}

/// One direction's way back, row by row.
private struct BackwardPass {
  let forward: FusedRecurrentSequence
  let direction: FusedRecurrentSequence.Direction<HostTensor>
  let position: Int
  let finals: [HostTensor?]
  private var weights: [HostTensor]
  private var initial: [HostTensor]

  init(
    forward: FusedRecurrentSequence, direction: FusedRecurrentSequence.Direction<HostTensor>,
    position: Int, finals: [HostTensor?]
  ) {
    self.forward = forward
    self.direction = direction
    self.position = position
    self.finals = finals
    let zeros = { (tensor: HostTensor) in HostTensor(.float32, tensor.shape, repeating: 0) }
    weights = [direction.inputWeights, direction.hiddenWeights].map(zeros)
    weights += [direction.bias, direction.hiddenBias].compactMap { $0 }.map(zeros)
    initial = direction.initialState.map(zeros)
  }

  var gradients: [HostTensor] { weights + initial }

  mutating func run(row: Int, x: HostTensor, length: Int, dy: HostTensor?, dx: inout HostTensor) {
    let (cell, hidden) = (forward.cell, direction.hiddenWeights.shape[0])
    let times = (0..<length).map { forward.isReversed[position] ? length - 1 - $0 : $0 }
    let input = { (t: Int) in (0..<x.shape[2]).map { x[[row, t, $0]] } }
    var states = [direction.initialState.map { $0.row(row) }]
    for t in times {
      states.append(forward.step(direction, input: input(t), state: states[states.count - 1]))
    }
    var gradient = finals.map { $0?.row(row) ?? Array(repeating: 0, count: hidden) }
    for (step, t) in times.enumerated().reversed() {
      if let dy {
        for unit in 0..<hidden { gradient[0][unit] += dy[[row, t, position * hidden + unit]] }
      }
      let back = CellBackward(
        forward: forward, direction: direction, input: input(t), before: states[step],
        after: states[step + 1], gradient: gradient)
      gradient = back.state
      add(outer: back.input, back.gatesX, to: 0)
      for (gate, values) in zip(cell.gates.indices, back.hiddenOperands(states[step][0])) {
        addGate(outer: values, back.gatesH, gate: gate, hidden: hidden)
      }
      if direction.bias != nil {
        for (index, g) in back.gatesX.enumerated() { weights[2].values[index] += g }
      }
      if direction.hiddenBias != nil {
        for unit in 0..<hidden {
          weights[weights.count - 1].values[unit] += back.gatesH[2 * hidden + unit]
        }
      }
      for column in 0..<x.shape[2] {
        dx[[row, t, column]] += back.gatesX.indices.reduce(0) {
          $0 + back.gatesX[$1] * direction.inputWeights[[column, $1]]
        }
      }
    }
    for (index, values) in gradient.enumerated() { initial[index].setRow(row, values) }
  }

  private mutating func add(outer left: [Double], _ right: [Double], to weight: Int) {
    for (i, a) in left.enumerated() {
      for (j, g) in right.enumerated() { weights[weight][[i, j]] += a * g }
    }
  }

  private mutating func addGate(outer left: [Double], _ gates: [Double], gate: Int, hidden: Int) {
    for (i, a) in left.enumerated() {
      for unit in 0..<hidden {
        weights[1][[i, gate * hidden + unit]] += a * gates[gate * hidden + unit]
      }
    }
  }
}

/// One row's step back.
private struct CellBackward {
  /// The step's input.
  let input: [Double]
  /// The gradients of the gates' parts from the input.
  private(set) var gatesX: [Double]
  /// The gradients of the gates' parts from the hidden state.
  private(set) var gatesH: [Double]
  /// The gradient of the state before the step.
  private(set) var state: [[Double]]
  /// r · h, the operand of the candidate's product in a GRU that resets before it.
  private var resetState: [Double]?

  /// What each gate's hidden weights were multiplied by.
  func hiddenOperands(_ h: [Double]) -> [[Double]] {
    [h, h, resetState ?? h, h]
  }

  init(
    forward: FusedRecurrentSequence,
    direction: FusedRecurrentSequence.Direction<HostTensor>, input: [Double], before: [[Double]],
    after: [[Double]], gradient: [[Double]]
  ) {
    self.input = input
    let (cell, h) = (forward.cell, before[0])
    let hidden = h.count
    var x = forward.product(input, direction.inputWeights)
    if let bias = direction.bias { x = zip(x, bias.values).map(+) }
    var recurrent = forward.product(h, direction.hiddenWeights)
    if let bias = direction.hiddenBias {
      for unit in 0..<hidden { recurrent[2 * hidden + unit] += bias.values[unit] }
    }
    let sigmoid = { (gate: Int, unit: Int) in
      Unary.sigmoid.value(x[gate * hidden + unit] + recurrent[gate * hidden + unit])
    }
    gatesX = Array(repeating: 0, count: x.count)
    gatesH = gatesX
    state = gradient.map { $0.map { _ in 0 } }
    let uWeights = direction.hiddenWeights
    if cell == .gruResetBefore {
      let reset = (0..<hidden).map { sigmoid(0, $0) * h[$0] }
      resetState = reset
      recurrent.replaceSubrange(
        2 * hidden..<3 * hidden, with: forward.product(reset, uWeights)[2 * hidden..<3 * hidden])
    }
    for unit in 0..<hidden {
      let dh = gradient[0][unit]
      switch cell {
      case .rnnTanh: gatesX[unit] = dh * (1 - after[0][unit] * after[0][unit])
      case .rnnRelu: gatesX[unit] = after[0][unit] > 0 ? dh : 0
      case .lstm:
        let (i, f, o) = (sigmoid(0, unit), sigmoid(1, unit), sigmoid(3, unit))
        let g = Mathematics.tanh(x[2 * hidden + unit] + recurrent[2 * hidden + unit])
        let t = Mathematics.tanh(after[1][unit])
        let dc = gradient[1][unit] + dh * o * (1 - t * t)
        gatesX[unit] = dc * g * i * (1 - i)
        gatesX[hidden + unit] = dc * before[1][unit] * f * (1 - f)
        gatesX[2 * hidden + unit] = dc * i * (1 - g * g)
        gatesX[3 * hidden + unit] = dh * t * o * (1 - o)
        state[1][unit] = dc * f
      case .gruResetAfter, .gruResetBefore:
        let (r, z) = (sigmoid(0, unit), sigmoid(1, unit))
        let part = recurrent[2 * hidden + unit]
        let n = Mathematics.tanh(
          x[2 * hidden + unit] + (cell == .gruResetAfter ? r * part : part))
        let dn = dh * (1 - z) * (1 - n * n)
        gatesX[2 * hidden + unit] = dn
        gatesX[hidden + unit] = dh * (h[unit] - n) * z * (1 - z)
        if cell == .gruResetAfter { gatesX[unit] = dn * part * r * (1 - r) }
        state[0][unit] = dh * z
      }
    }
    gatesH = gatesX
    if cell == .gruResetAfter {
      for unit in 0..<hidden { gatesH[2 * hidden + unit] *= sigmoid(0, unit) }
    }
    if cell == .gruResetBefore {
      // Through the candidate's product: d(r·h), then to r and to h.
      for unit in 0..<hidden {
        let d = (0..<hidden).reduce(0) {
          $0 + gatesX[2 * hidden + $1] * uWeights[[unit, 2 * hidden + $1]]
        }
        let r = sigmoid(0, unit)
        gatesX[unit] = d * h[unit] * r * (1 - r)
        gatesH[unit] = gatesX[unit]
        state[0][unit] += d * r
      }
    }
    let direct = cell == .gruResetBefore ? 2 * hidden : x.count
    for unit in 0..<hidden {
      state[0][unit] += (0..<direct).reduce(0) { $0 + gatesH[$1] * uWeights[[unit, $1]] }
    }
  }
}
