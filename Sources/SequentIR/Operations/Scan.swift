/// Recurrence over axis 1 (time) of tensors `[batch, time, …]`, with carried state `[batch, …]`.
///
/// Operands: the initial state, the scanned inputs, the invariants, then `lengths` (i32 `[batch]`)
/// if there is one. The body's arguments: state, one time slice `[batch, …]` of every scanned input,
/// invariants. The body's results: the new state, then the outputs. Results: the final state, then
/// every output stacked over time. A body refers to nothing outside itself: weights are invariants.
///
/// With lengths, a step at or past a row's length holds the row's state and gives zeros; a reverse
/// scan goes from the last step to the first and so starts at the row's own end.
///
///     %h, %y = scan %h0, %x, %w, %lengths {time = time, carry = 1, scanned = 1, lengths = true} : …
///       body(%h: f32[batch, 4], %x_t: f32[batch, 8], %w: f32[8, 4]) {
///         …
///         yield %h_next, %h_next
///       }
public struct Scan: OperationRule {
  public static let mnemonics = ["scan"]

  /// The number of steps.
  public let time: Dimension
  /// How many of the operands are state.
  public let carryCount: Int
  /// How many are cut into time slices.
  public let scannedCount: Int
  /// Whether the last step comes first.
  public let isReversed: Bool
  /// Whether the last operand is the rows' lengths.
  public let hasLengths: Bool
  /// One step.
  public let body: Graph

  /// Creates a scan.
  public init(
    time: Dimension, carryCount: Int, scannedCount: Int, isReversed: Bool = false,
    hasLengths: Bool = false, body: Graph
  ) {
    self.time = time
    self.carryCount = carryCount
    self.scannedCount = scannedCount
    self.isReversed = isReversed
    self.hasLengths = hasLengths
    self.body = body
  }

  /// How many operands every step gets whole.
  public var invariantCount: Int { body.arguments.count - carryCount - scannedCount }

  public var attributes: [Attribute] {
    var result = [
      Attribute("time", .dimension(time)), Attribute("carry", .integer(carryCount)),
      Attribute("scanned", .integer(scannedCount)),
    ]
    if isReversed { result.append(Attribute("reverse", .flag(true))) }
    if hasLengths { result.append(Attribute("lengths", .flag(true))) }
    return result + [Attribute("body", .graph(body))]
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    .scan(
      Scan(
        time: try attributes.dimension("time"), carryCount: try attributes.integer("carry"),
        scannedCount: try attributes.integer("scanned"),
        isReversed: try attributes.flag("reverse"), hasLengths: try attributes.flag("lengths"),
        body: try attributes.graph("body")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    guard carryCount >= 0, scannedCount >= 0, invariantCount >= 0,
      body.results.count >= carryCount
    else { throw TypeError("scan: its body does not have \(carryCount) states") }
    try expect(body.arguments.count + (hasLengths ? 1 : 0), operands, of: mnemonic)
    for (position, argument) in body.arguments.enumerated() {
      let wanted = body.type(of: argument)
      var given = operands[position]
      if (carryCount..<carryCount + scannedCount).contains(position) {
        guard given.rank >= 2, given.shape[1] == time else {
          throw TypeError("scan: \(given) has no axis 1 of \(time) steps")
        }
        given.shape.remove(at: 1)
      }
      guard given == wanted else {
        throw TypeError(
          "scan: operand \(position) is \(operands[position]), but its body takes \(wanted) as "
            + "%\(body.name(of: argument))")
      }
    }
    for position in 0..<carryCount {
      let (new, old) = (body.type(of: body.results[position]), operands[position])
      guard new == old else {
        throw TypeError("scan: state \(position) is \(old) before a step and \(new) after it")
      }
    }
    if hasLengths {
      let lengths = operands[operands.count - 1]
      guard lengths.elementType == .int32, lengths.rank == 1 else {
        throw TypeError("scan: lengths are \(lengths), expected i32[batch]")
      }
      for type in operands.prefix(carryCount + scannedCount) + body.types(of: body.results)
      where type.shape.first != lengths.shape[0] {
        throw TypeError("scan: \(type) does not have the axis of the lengths, \(lengths)")
      }
    }
    return Array(operands.prefix(carryCount))
      + (try body.results.dropFirst(carryCount).map { (value) throws(TypeError) in
        var type = body.type(of: value)
        guard type.rank >= 1 else { throw TypeError("scan: output \(type) has no batch axis") }
        type.shape.insert(time, at: 1)
        return type
      })
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let steps = try time.size(bindings)
    var state = Array(operands.prefix(carryCount))
    let scanned = operands[carryCount..<carryCount + scannedCount]
    let invariants = operands[(carryCount + scannedCount)...].prefix(invariantCount)
    let lengths = hasLengths ? operands.last?.values : nil
    if let lengths, let row = lengths.firstIndex(where: { $0 < 0 || Int($0) > steps }) {
      throw EvaluationError(
        "scan: lengths[\(row)] is \(Int(lengths[row])), expected 0 to \(steps)")
    }
    var outputs: [HostTensor] = try body.results.dropFirst(carryCount).map { value in
      var sizes = try body.type(of: value).sizes(bindings)
      sizes.insert(steps, at: 1)
      return HostTensor(body.type(of: value).elementType, sizes, repeating: 0)
    }
    for step in 0..<steps {
      let t = isReversed ? steps - 1 - step : step
      let results = try Evaluator(parameters: [:], bindings: bindings).evaluate(
        body, state + scanned.map { $0.timeSlice(t) } + invariants)
      for position in state.indices {
        let new = results[position]
        state[position] = HostTensor(new.elementType, new.shape) { index in
          Self.isLive(index, t, lengths) ? new[index] : state[position][index]
        }
      }
      for position in outputs.indices {
        let new = results[carryCount + position]
        forEachIndex(new.shape) { index in
          guard Self.isLive(index, t, lengths) else { return }
          outputs[position][[index[0], t] + index.dropFirst()] = new[index]
        }
      }
    }
    return state + outputs
  }

  private static func isLive(_ index: [Int], _ t: Int, _ lengths: [Double]?) -> Bool {
    guard let lengths else { return true }
    return Double(t) < lengths[index[0]]
  }
}

extension HostTensor {
  /// The slice `[batch, …]` of `[batch, time, …]` at one time.
  func timeSlice(_ t: Int) -> HostTensor {
    var shape = shape
    shape.remove(at: 1)
    return HostTensor(elementType, shape) { self[[$0[0], t] + $0.dropFirst()] }
  }
}
