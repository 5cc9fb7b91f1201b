import SequentIR

/// A gate's sum, x·W + h·U + b, by its terms.
struct GateTerms {
  /// The weights of products with the step's input.
  var input: [WeightBlock] = []
  /// The weights of products with the hidden state, or with the reset hidden state.
  var hidden: [WeightBlock] = []
  /// The vectors added.
  var biases: [Bias] = []

  /// A vector added to a gate: stored, or a number for all units.
  enum Bias {
    case stored(WeightBlock)
    case number(Double)
  }
}

/// A stored weight as a scan's body sees it: one of the scan's operands, or a part of it.
struct WeightBlock {
  /// The position among the scan's operands.
  let operand: Int
  /// What is cut from it, first to last.
  var cuts: [Slice] = []
}

/// Takes the sums of a scan's body apart.
///
/// Sees through sums, column slices of a merged product, and products of `concatenate(x, h)`.
struct GateTermReader {
  let scan: Scan
  /// The hidden state's argument.
  let hidden: Value
  /// r·h, for a GRU that resets before the product.
  var resetState: Value?
  /// The scanned argument that products are taken with, once one is found.
  private(set) var input: Value?

  init(scan: Scan, hidden: Value, resetState: Value?) {
    self.scan = scan
    self.hidden = hidden
    self.resetState = resetState
  }

  private var body: Graph { scan.body }

  /// The terms of a gate's addends.
  mutating func terms(of addends: [Value], gate: String) throws(Miss) -> GateTerms {
    var terms = GateTerms()
    for addend in addends { try add(addend, columns: nil, to: &terms, gate) }
    return terms
  }

  private mutating func add(
    _ value: Value, columns: Slice?, to terms: inout GateTerms, _ gate: String
  ) throws(Miss) {
    let lastAxis = body.type(of: value).lastAxis
    if let number = body.splat(of: value) {
      terms.biases.append(.number(number))
      return
    }
    if body.type(of: value).rank == 1, var block = block(value) {
      if let columns { block.cuts.append(columns.along(0)) }
      terms.biases.append(.stored(block))
      return
    }
    let node = body.producer(of: value)
    switch node?.operation {
    case .slice(let slice)? where slice.axis == lastAxis:
      let cut = Slice(
        axis: lastAxis, start: slice.start + (columns?.start ?? 0),
        size: columns?.size ?? slice.size)
      for operand in node?.operands ?? [] { try add(operand, columns: cut, to: &terms, gate) }
    case .binary(.add)?:
      for operand in node?.operands ?? [] {
        let isWhole = body.type(of: operand).width == body.type(of: value).width
        try add(operand, columns: isWhole ? columns : nil, to: &terms, gate)
      }
    case .matmul?:
      guard let node, var weights = block(node.operands[1]), isMatrix(node.operands[1]) else {
        throw miss(value, gate, "whose right operand is not a stored matrix")
      }
      if let columns { weights.cuts.append(columns.along(1)) }
      try addProduct(of: node.operands[0], weights, to: &terms, value, gate)
    default:
      throw miss(
        value, gate, "neither a product of the step's input or state with a weight nor a bias")
    }
  }

  /// Adds left · weights: concatenate(a, b) · W = a · W[rows of a] + b · W[rows of b].
  private mutating func addProduct(
    of left: Value, _ weights: WeightBlock, to terms: inout GateTerms, _ value: Value,
    _ gate: String
  ) throws(Miss) {
    if left == hidden || left == resetState {
      terms.hidden.append(weights)
    } else if isScanned(left), input == nil || input == left {
      input = left
      terms.input.append(weights)
    } else if let node = body.producer(of: left), case .concatenate(let join) = node.operation,
      join.axis == body.type(of: left).lastAxis
    {
      var start: Dimension = 0
      for part in node.operands {
        guard let size = body.type(of: part).width else { continue }
        var rows = weights
        rows.cuts.append(Slice(axis: 0, start: start, size: size))
        try addProduct(of: part, rows, to: &terms, value, gate)
        start = start + size
      }
    } else {
      throw miss(
        value, gate,
        isScanned(left)
          ? "a product with another scanned input than the first"
          : "a product with \(body.describe(left)), which is neither the step's input nor its state"
      )
    }
  }

  private func miss(_ value: Value, _ gate: String, _ why: String) -> Miss {
    Miss("gate '\(gate)' adds \(body.describe(value)), \(why)")
  }

  private func isMatrix(_ value: Value) -> Bool { body.type(of: value).rank == 2 }

  private func isScanned(_ value: Value) -> Bool {
    guard case .argument(let position) = body.definition(of: value) else { return false }
    return (scan.carryCount..<scan.carryCount + scan.scannedCount).contains(position)
      && body.type(of: value).rank == 2
  }

  /// The stored weight that a value is, when it is one.
  private func block(_ value: Value) -> WeightBlock? {
    if case .argument(let position) = body.definition(of: value) {
      return position >= scan.carryCount + scan.scannedCount ? WeightBlock(operand: position) : nil
    }
    guard let node = body.producer(of: value), case .slice(let slice) = node.operation,
      var block = block(node.operands[0])
    else { return nil }
    block.cuts.append(slice)
    return block
  }
}

extension Slice {
  /// The same cut along another axis.
  fileprivate func along(_ axis: Int) -> Slice { Slice(axis: axis, start: start, size: size) }
}
