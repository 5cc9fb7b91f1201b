import SequentIR

/// Where in another library's checkpoint the parameters of a model are.
struct ParameterMapping {
  private let convention: LayoutConvention
  private let cells: [RecurrentWeight.Cell: StoredCell]

  /// A mapping for a model with these parameters.
  init(_ convention: LayoutConvention, parameters: [ParameterSpecification]) {
    self.convention = convention
    let weights = parameters.compactMap { RecurrentWeight(parameter: $0.name) }
    cells = Dictionary(grouping: weights, by: \.cell)
      .compactMapValues { StoredCell(weights: $0) }
  }

  /// The terms that a parameter is the sum of.
  func terms(for parameter: ParameterSpecification) throws(UnsupportedCell) -> [SourceTerm] {
    guard let weight = RecurrentWeight(parameter: parameter.name), let cell = cells[weight.cell],
      let gates = convention.gates[cell.kind], let gate = gates.firstIndex(of: weight.gate),
      parameter.shape.count == weight.part.rank,
      parameter.shape.allSatisfy(GateStack.lengths.contains)
    else { return [plainTerm(for: parameter)] }
    if let resetGate = cell.resetGate, !convention.resetGates.contains(resetGate) {
      throw UnsupportedCell(cell: weight.cell, resetGate: resetGate)
    }
    let stack = GateStack(
      count: gates.count, index: gate, shape: parameter.shape, directions: directions(of: weight))
    switch weight.part {
    case .inputWeight:
      return [matrix(stack, named: names(convention.inputWeight, for: weight))]
    case .hiddenWeight:
      return [matrix(stack, named: names(convention.hiddenWeight, for: weight))]
    case .bias, .hiddenBias:
      return biases(of: weight, cell, stack)
    }
  }

  // MARK: - Recurrent layers

  private func matrix(_ stack: GateStack, named names: [String]) -> SourceTerm {
    switch convention.recurrentMatrix {
    case .inputFirst: stack.columns(named: names)
    case .outputFirst: stack.rows(named: names)
    }
  }

  private func biases(
    of weight: RecurrentWeight, _ cell: StoredCell, _ stack: GateStack
  ) -> [SourceTerm] {
    // Rows of biases: 0 is the input's, 1 the state's. Only where the reset gate comes between
    // them do they stay apart.
    let areApart = cell.resetGate == .after && weight.gate == "new"
    let rows = weight.part == .hiddenBias ? [1] : areApart ? [0] : [0, 1]
    switch convention.bias {
    case .separate(let input, let hidden):
      return rows.map { row in
        stack.bias(row: 0, of: [], named: names(row == 0 ? input : hidden, for: weight))
      }
    case .concatenated(let templates):
      let names = names(templates, for: weight)
      return rows.map { row in stack.concatenatedBias(row: row, named: names) }
    case .summed(let templates):
      let names = names(templates, for: weight)
      guard cell.resetGate == .after else { return [stack.bias(row: 0, of: [], named: names)] }
      return rows.map { row in stack.bias(row: row, of: [2], named: names) }
    }
  }

  /// The place of a weight's direction on the axis of directions; nil without such an axis.
  private func directions(of weight: RecurrentWeight) -> (count: Int, index: Int)? {
    guard convention.hasDirectionAxis else { return nil }
    guard isBidirectional(weight.cell.layer) else { return (1, 0) }
    return (2, weight.cell.direction == .forward ? 0 : 1)
  }

  private func isBidirectional(_ layer: RecurrentWeight.Layer) -> Bool {
    [.forward, .backward].allSatisfy {
      cells[RecurrentWeight.Cell(layer: layer, direction: $0)] != nil
    }
  }

  /// The templates that can mean this weight, filled in.
  private func names(_ templates: [String], for weight: RecurrentWeight) -> [String] {
    let cell = weight.cell
    let needsDirection =
      !convention.hasDirectionAxis
      && (cell.direction == .backward || isBidirectional(cell.layer))
    let values = [
      "{path}": cell.layer.path, "{layer}": "\(cell.layer.number)",
      "{direction}": cell.direction.rawValue,
      "{reverse}": cell.direction == .forward ? "" : "_reverse",
    ]
    return
      templates
      .filter { cell.layer.number == 0 || $0.contains("{layer}") }
      .filter { !needsDirection || $0.contains("{direction}") || $0.contains("{reverse}") }
      .map { template in
        let name = values.reduce(template) { $0.replacing($1.key, with: $1.value) }
        return name.hasPrefix(".") ? String(name.dropFirst()) : name
      }
  }

  // MARK: - Other layers

  private func plainTerm(for parameter: ParameterSpecification) -> SourceTerm {
    let shape = parameter.shape
    let whole = StridedView(dense: shape)
    let names: [String: [String]]
    switch parameter.role {
    case .linear where shape.count == 2 && convention.linearMatrix == .outputFirst:
      return SourceTerm(
        names: libraryNames(parameter.name, convention.linearNames), shape: shape.reversed(),
        view: StridedView(shape: shape, strides: [1, shape[0]]))
    case .linear: names = convention.linearNames
    case .embedding: names = convention.embeddingNames
    case .vector: names = convention.vectorNames
    case .gate, .other: names = [:]
    }
    return SourceTerm(names: libraryNames(parameter.name, names), shape: shape, view: whole)
  }

  /// The parameter's name with its last word as the library has it.
  private func libraryNames(_ name: String, _ words: [String: [String]]) -> [String] {
    let path = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let word = path.last, let known = words[String(word)] else { return [name] }
    return known.map { (path.dropLast() + [Substring($0)]).joined(separator: ".") }
  }
}

/// A GRU that the library does not have.
struct UnsupportedCell: Error {
  let cell: RecurrentWeight.Cell
  let resetGate: StoredResetGate
}
