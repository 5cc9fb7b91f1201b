import SequentIR

/// A scan whose body is one step of a cell that has a sequence kernel.
struct RecurrentLayerPattern {
  /// The cell.
  let kind: RecurrentCellKind
  /// The position of the input among the scan's operands.
  let input: Int
  /// The positions of the states in the kernel's order: h, then c.
  let states: [Int]
  /// By gate, in the kind's order.
  let inputWeights: [WeightBlock]
  /// By gate, in the kind's order.
  let hiddenWeights: [WeightBlock]
  /// By gate, in the kind's order: what is added to it; empty for a gate without a bias.
  let biases: [[GateTerms.Bias]]
  /// What is added to h·Uₙ before the reset gate.
  let hiddenBiases: [GateTerms.Bias]
  /// The number of units.
  let hidden: Dimension

  /// Recognises a scan, or throws the first reason why it is none.
  init(_ scan: Scan) throws(Miss) {
    let (body, uses) = (scan.body, GraphUses(scan.body))
    let states = try Self.states(of: scan)
    let newHidden = body.results[states[0]]
    let pattern = try CellPattern(
      newHidden: newHidden, states: scan.carryCount, in: body, uses)
    let arguments = states.map { body.arguments[$0] }
    guard pattern.newState == states.map({ body.results[$0] }),
      pattern.state == nil || pattern.state == arguments.last
    else {
      throw Miss(
        "cell is not \(pattern.kind.rawValue): its step does not continue its own state")
    }
    for output in body.results.dropFirst(scan.carryCount) where output != newHidden {
      throw Miss("an output of the scan is \(body.describe(output)), not the new state")
    }

    var reader = GateTermReader(
      scan: scan, hidden: arguments[0], resetState: pattern.resetState)
    var gates: [GateTerms] = []
    for (name, addends) in zip(pattern.kind.gates, pattern.gates) {
      gates.append(try reader.terms(of: addends, gate: name))
    }
    var inner = GateTerms()
    if let resetTerm = pattern.resetTerm {
      inner = try reader.terms(of: [resetTerm], gate: "new")
      guard inner.input.isEmpty else {
        throw Miss("gate 'new' resets a product with the step's input")
      }
      gates[2].hidden += inner.hidden
    }
    guard let x = reader.input, case .argument(let input) = body.definition(of: x) else {
      throw Miss("no gate takes the step's input")
    }
    for (name, terms) in zip(pattern.kind.gates, gates)
    where terms.input.count != 1 || terms.hidden.count != 1 {
      throw Miss(
        "gate '\(name)' has \(terms.input.count) products with the input and "
          + "\(terms.hidden.count) with the state, expected one of each")
    }
    guard let hidden = body.type(of: newHidden).width, hidden.staticSize != nil else {
      throw Miss("the number of units is not a constant")
    }
    kind = pattern.kind
    self.input = input
    self.states = states
    inputWeights = gates.flatMap(\.input)
    hiddenWeights = gates.flatMap(\.hidden)
    biases = gates.map(\.biases)
    hiddenBiases = inner.biases
    self.hidden = hidden
  }

  /// The positions of h and, when there are two states, of c: c' is an operand of h', so h' is the
  /// one that stands later.
  private static func states(of scan: Scan) throws(Miss) -> [Int] {
    guard scan.carryCount == 2 else {
      guard scan.carryCount == 1 else {
        throw Miss("cell is not rnn, lstm or gru: it carries \(scan.carryCount) states")
      }
      return [0]
    }
    let places = scan.body.results.prefix(2).map { scan.body.producerIndex(of: $0) ?? -1 }
    return places[0] > places[1] ? [0, 1] : [1, 0]
  }

  /// The positions of every stored weight among the scan's operands.
  var weightOperands: [Int] {
    let biases = (biases.flatMap { $0 } + hiddenBiases).compactMap { bias -> WeightBlock? in
      guard case .stored(let block) = bias else { return nil }
      return block
    }
    return (inputWeights + hiddenWeights + biases).map(\.operand)
  }
}
